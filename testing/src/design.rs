//! Tables that tests iterate over and DESIGN.md shows. The tests hold the data, and DESIGN.md has a
//! copy of what they print.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs};

/// If this is set, tests write their tables into DESIGN.md instead of comparing them.
const RENEW: &str = "WANTWRITE_RENEW";

/// Lets the tests of one binary renew their sections one at a time.
static FILE: Mutex<()> = Mutex::new(());

/// The repository's DESIGN.md.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../DESIGN.md")
}

/// A Markdown table: a heading, and rows with as many cells.
pub fn table<C: Display>(heading: &[C], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let heading: Vec<String> = heading.iter().map(C::to_string).collect();
    let line = |cells: &[String]| {
        assert_eq!(cells.len(), heading.len(), "{cells:?}");
        let cells: String = cells.iter().map(|cell| format!(" {cell} |")).collect();
        format!("|{cells}\n")
    };
    let rule = format!("|{}\n", "---|".repeat(heading.len()));
    let rows: String = rows.into_iter().map(|row| line(&row)).collect();
    line(&heading) + &rule + &rows
}

/// The table of `section` in DESIGN.md as rows of cells, starting with the heading.
pub fn rows(section: &str) -> Vec<Vec<String>> {
    let design = fs::read_to_string(path()).unwrap();
    let [begin, end] = ["begin", "end"].map(|edge| format!("<!-- {edge}: {section} -->"));
    let (_, rest) = design.split_once(&begin).expect("a marker where the section begins");
    let (table, _) = rest.split_once(&end).expect("a marker where the section ends");
    let lines = table.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    let cells =
        |line: &str| line.trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect();
    lines.map(cells).collect()
}

/// Asserts that DESIGN.md has `printed` between the comment markers of `section`, or writes it
/// there if the tables are being renewed.
#[track_caller]
pub fn assert_has(section: &str, printed: &str) {
    let _others_wait = FILE.lock();
    let design = fs::read_to_string(path()).unwrap();
    let [begin, end] = ["begin", "end"].map(|edge| format!("<!-- {edge}: {section} -->\n"));
    let (before, rest) = design.split_once(&begin).expect("a marker where the section begins");
    let (copy, behind) = rest.split_once(&end).expect("a marker where the section ends");
    let expected = format!("\n{printed}\n");
    if env::var_os(RENEW).is_some() {
        fs::write(path(), [before, &begin, &expected, &end, behind].concat()).unwrap();
        return;
    }
    let wrong = copy.lines().find(|line| !expected.lines().any(|printed| printed == *line));
    let missing = expected.lines().find(|line| !copy.lines().any(|copied| copied == *line));
    assert!(
        copy == expected,
        "DESIGN.md differs from what the tests print for \"{section}\": not {wrong:?}, but {missing:?}. \
         If the tests are right, run them with {RENEW}=1, which rewrites the section"
    );
}
