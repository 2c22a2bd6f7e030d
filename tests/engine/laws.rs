//! DESIGN.md's laws: each is proved by tests, and this checks that they exist and are listed.
#![expect(clippy::unwrap_used, clippy::std_instead_of_alloc, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use wantwrite_testing::design;

/// The folders that contain tests of the laws.
const FOLDERS: [&str; 3] = ["src", "tests", "fuzzing/tests"];

/// A law of DESIGN.md: its number, and the tests that it lists.
struct Law {
    number: usize,
    tests: Vec<String>,
}

fn laws() -> Vec<Law> {
    let design = fs::read_to_string(design::path()).unwrap();
    let (_, section) = design.split_once("\n## Laws\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut laws: Vec<Law> = Vec::new();
    for line in section.lines() {
        let number = line.split_once(". **").and_then(|(number, _)| number.parse().ok());
        let test = line.trim_start().strip_prefix("* `").and_then(|rest| rest.strip_suffix('`'));
        match (number, test) {
            (Some(number), _) => laws.push(Law { number, tests: Vec::new() }),
            (None, Some(test)) => laws.last_mut().unwrap().tests.push(test.to_owned()),
            (None, None) => {}
        }
    }
    laws
}

/// Collects the functions of every Rust file in `folder`, and how often each occurs.
fn functions(folder: &Path, found: &mut BTreeMap<String, usize>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            for line in fs::read_to_string(&path).unwrap().lines() {
                if let Some(rest) = line.trim_start().strip_prefix("fn ") {
                    let (name, _) = rest.split_once(['(', '<']).unwrap_or((rest, ""));
                    *found.entry(name.to_owned()).or_default() += 1;
                }
            }
        }
    }
}

/// The number in the name of a law's test: `law_NN_…`.
fn law_of(test: &str) -> Option<usize> {
    let (number, _) = test.strip_prefix("law_")?.split_once('_')?;
    assert_eq!(number.len(), 2, "{test}");
    number.parse().ok()
}

#[test]
fn every_law_lists_the_tests_that_show_it() {
    let laws = laws();
    let numbers: Vec<usize> = laws.iter().map(|law| law.number).collect();
    assert_eq!(numbers, (1..=laws.len()).collect::<Vec<_>>());
    assert!(!laws.is_empty());
    let mut found = BTreeMap::new();
    for folder in FOLDERS {
        functions(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    }
    for law in &laws {
        assert!(law.tests.iter().any(|test| law_of(test) == Some(law.number)), "{}", law.number);
        for test in &law.tests {
            assert_eq!(found.get(test), Some(&1), "{test} of law {}", law.number);
            assert!(law_of(test).is_none_or(|number| number == law.number), "{test}");
        }
    }
    for test in found.keys().filter(|test| law_of(test).is_some()) {
        assert!(laws.iter().any(|law| law.tests.contains(test)), "{test} is not in DESIGN.md");
    }
}
