//! The table of results.

use core::fmt::Write;
use std::fs;
use std::path::Path;

use crate::Error;

pub(crate) struct Report {
    only: Option<String>,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    figure: String,
    limit: String,
    missed: bool,
}

impl Report {
    /// Creates a report of the rows with this word in their name.
    pub(crate) fn new(only: Option<String>) -> Self {
        Self { only, rows: Vec::new() }
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| name.contains(only))
    }

    /// Adds a row with the median and the quartiles of the pairs' ratios of CPU time.
    pub(crate) fn cpu(
        &mut self,
        name: &str,
        times: &[(f64, f64)],
        limit: Option<f64>,
    ) -> Result<(), Error> {
        let mut ratios: Vec<f64> = times.iter().map(|(ours, theirs)| ours / theirs).collect();
        ratios.sort_by(f64::total_cmp);
        let at = |quarter: usize| ratios.get((ratios.len() - 1) * quarter / 4).copied();
        let (Some(low), Some(median), Some(high)) = (at(1), at(2), at(3)) else {
            return Err("no pair was measured".into());
        };
        let figure = format!("{median:.2} ({low:.2} to {high:.2})");
        self.add(name, figure, median, limit);
        Ok(())
    }

    /// A row that cannot be measured here counts as exceeded.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        self.add(name, format!("not measured: {why}"), f64::INFINITY, Some(0.0));
    }

    /// Adds a row with three values: ours, theirs, and ours with `BufferPolicy::Release`.
    pub(crate) fn memory(&mut self, name: &str, kib: [f64; 3], limit: f64) {
        let [ours, theirs, released] = kib;
        let figure = format!("{ours:.1} (tokio-rustls {theirs:.1}; `Release` {released:.1})");
        self.add(name, figure, ours, Some(limit));
    }

    fn add(&mut self, name: &str, figure: String, value: f64, limit: Option<f64>) {
        // Rounded, so that a value that is printed as equal to the limit passes.
        let missed = limit.is_some_and(|limit| (value * 100.0).round() / 100.0 > limit);
        let limit = limit.map(|limit| format!("{limit:.2}"));
        let sign = if missed { '>' } else { '≤' };
        let held_to = limit.as_ref().map_or_else(String::new, |limit| format!(" {sign} {limit}"));
        println!("{name:<55} {figure:<45}{held_to}");
        let limit = limit.unwrap_or_default();
        self.rows.push(Row { name: name.to_owned(), figure, limit, missed });
    }

    pub(crate) fn missed(&self) -> usize {
        self.rows.iter().filter(|row| row.missed).count()
    }

    /// Replaces the existing table in the file.
    pub(crate) fn renew(&self, path: &str) -> Result<(), Error> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let page = fs::read_to_string(&path)?;
        let (before, rest) = page.split_once(BEGIN).ok_or("the table's start marker is missing")?;
        let (_, after) = rest.split_once(END).ok_or("the table's end marker is missing")?;
        let mut table = String::from("\n| | ours / tokio-rustls | limit |\n|---|---|---|\n");
        for Row { name, figure, limit, .. } in &self.rows {
            writeln!(table, "| {name} | {figure} | {limit} |")?;
        }
        Ok(fs::write(path, [before, BEGIN, &table, END, after].concat())?)
    }
}

const BEGIN: &str = "<!-- cargo bench -p tokio_benches --bench tokio -- --renew -->";
const END: &str = "<!-- end -->";
