//! The measurements, with the machine and the versions.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;

use cargo_lock::Lockfile;
use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, RefreshKind, System};

use crate::Error;
use crate::measure::{CASES, measure, median};
use contestants::Suite;

#[derive(Deserialize, Serialize)]
pub(crate) struct Report {
    pub(crate) date: String,
    pub(crate) machine: String,
    /// The number of busy processes at the start, as the system's one-minute average. A busy
    /// machine favours contestants with little code: see README.md.
    pub(crate) load: f64,
    pub(crate) command: String,
    pub(crate) processes: usize,
    pub(crate) rounds: usize,
    pub(crate) libraries: BTreeMap<String, String>,
    /// The contestants, in display order.
    pub(crate) contestants: Vec<String>,
    pub(crate) suites: Vec<SuiteReport>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct SuiteReport {
    pub(crate) suite: String,
    pub(crate) cases: Vec<CaseReport>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct CaseReport {
    pub(crate) bytes: usize,
    /// The number of writes before each drain.
    pub(crate) writes: usize,
    pub(crate) ring_ns: f64,
    /// The others' times, as multiples of ring's.
    pub(crate) ratios: BTreeMap<String, f64>,
}

impl Report {
    /// Measures every case, and calls `measured_one` after each.
    pub(crate) fn measure(rounds: usize, mut measured_one: impl FnMut()) -> Result<Self, Error> {
        let mut this = Self {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            machine: machine(),
            load: System::load_average().one,
            command: command(),
            processes: 1,
            rounds,
            libraries: libraries()?,
            contestants: Vec::new(),
            suites: Vec::new(),
        };
        for (name, suite) in SUITES {
            let mut cases = Vec::new();
            for case in CASES {
                let measured = measure(suite, case, rounds)?;
                let mut ratios = BTreeMap::new();
                for (name, ratio) in measured.ratios {
                    if !this.contestants.iter().any(|known| known == name) {
                        this.contestants.push(name.to_owned());
                    }
                    ratios.insert(name.to_owned(), rounded(ratio, 1e3));
                }
                let ring_ns = rounded(measured.ring, 10.0);
                measured_one();
                cases.push(CaseReport { bytes: case.bytes, writes: case.writes, ring_ns, ratios });
            }
            this.suites.push(SuiteReport { suite: name.to_owned(), cases });
        }
        Ok(this)
    }

    /// Returns the medians of several reports of the same measurement. Everything else is from the
    /// first.
    pub(crate) fn median(reports: Vec<Self>) -> Result<Self, Error> {
        let mut reports = reports.into_iter();
        let mut this = reports.next().ok_or("nothing was measured")?;
        let others: Vec<_> = reports.collect();
        this.processes += others.len();
        for (s, suite) in this.suites.iter_mut().enumerate() {
            for (c, case) in suite.cases.iter_mut().enumerate() {
                let others = || others.iter().map(|other| &other.suites[s].cases[c]);
                let all = others().map(|other| other.ring_ns).chain([case.ring_ns]);
                case.ring_ns = median(all.collect());
                for (name, ratio) in &mut case.ratios {
                    let all = others().map(|other| other.ratios[name]).chain([*ratio]);
                    *ratio = median(all.collect());
                }
            }
        }
        Ok(this)
    }

    /// Describes how the figures were measured.
    pub(crate) fn rounds(&self) -> String {
        format!("medians of {} processes of {} rounds", self.processes, self.rounds)
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        for suite in &self.suites {
            // Writing to a `String` cannot fail.
            _ = self.suite_markdown(suite, &mut text);
        }
        let Self { date, machine, load, command, .. } = self;
        _ = writeln!(text, "{machine}, load {load}, {date}, {} of `{command}`.", self.rounds());
        _ = writeln!(text, "{}.", self.versions().join(", "));
        text
    }

    pub(crate) fn versions(&self) -> Vec<String> {
        self.libraries.iter().map(|(name, version)| format!("{name} {version}")).collect()
    }

    fn suite_markdown(&self, suite: &SuiteReport, text: &mut String) -> std::fmt::Result {
        write!(text, "| {}, bytes per write |", suite.suite)?;
        for case in &suite.cases {
            match case.writes {
                1 => write!(text, " {} |", thousands(case.bytes))?,
                writes => write!(text, " {writes} × {} |", case.bytes)?,
            }
        }
        write!(text, "\n|---|{}", "---:|".repeat(suite.cases.len()))?;
        write!(text, "\n| ring alone, ns per write |")?;
        for case in &suite.cases {
            write!(text, " {:.0} |", case.ring_ns)?;
        }
        for name in &self.contestants {
            write!(text, "\n| {name} |")?;
            for case in &suite.cases {
                match case.ratios.get(name) {
                    Some(ratio) => write!(text, " {ratio:.2} |")?,
                    None => write!(text, " |")?,
                }
            }
        }
        writeln!(text, "\n")
    }
}

/// How many times a process measures.
pub(crate) const MEASUREMENTS: usize = SUITES.len() * CASES.len();

const SUITES: [(&str, Suite); 3] = [
    ("AES-128-GCM", Suite::Aes128),
    ("AES-256-GCM", Suite::Aes256),
    ("ChaCha20-Poly1305", Suite::Chacha20),
];

fn machine() -> String {
    let system =
        System::new_with_specifics(RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()));
    let cpus = system.cpus();
    let name = cpus.first().map_or("unknown processor", |cpu| cpu.brand());
    format!("{name}, {} cores{}", cpus.len(), vector_aes())
}

/// The processor feature that has the largest effect on which library is fast at large records.
fn vector_aes() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    return match (is_x86_feature_detected!("vaes"), is_x86_feature_detected!("avx512f")) {
        (true, true) => ", VAES and AVX-512",
        (true, false) => ", VAES",
        (false, _) => ", no VAES",
    };
    #[cfg(not(target_arch = "x86_64"))]
    ""
}

fn command() -> String {
    let features = [
        ("aws-lc", cfg!(feature = "aws-lc")),
        ("rustls-next", cfg!(feature = "rustls-next")),
        ("s2n", cfg!(feature = "s2n")),
        ("boring", cfg!(feature = "boring")),
        ("gnutls", cfg!(feature = "gnutls")),
    ];
    let features: Vec<_> = features.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    let features = match features.join(",") {
        none if none.is_empty() => none,
        some => format!(" --features {some}"),
    };
    format!("cargo run --release -p peers{features}")
}

/// Returns the versions of the libraries that were compiled in or loaded.
fn libraries() -> Result<BTreeMap<String, String>, Error> {
    let lock = Lockfile::from_str(include_str!("../../../Cargo.lock"))?;
    let has_aws_lc = cfg!(any(feature = "aws-lc", feature = "rustls-next", feature = "s2n"));
    let built_in = [
        ("wantwrite", "wantwrite", true),
        ("ring", "ring", true),
        ("rustls", "rustls", true),
        ("s2n-tls", "s2n-tls", cfg!(feature = "s2n")),
        ("AWS-LC of aws-lc-sys", "aws-lc-sys", has_aws_lc),
        ("BoringSSL of btls", "btls", cfg!(feature = "boring")),
    ];
    let mut libraries = BTreeMap::new();
    for (name, package, _) in built_in.iter().filter(|(_, _, is_built_in)| *is_built_in) {
        let locked = lock.packages.iter().find(|locked| locked.name.as_str() == *package);
        let version = &locked.ok_or("Cargo.lock lacks a package")?.version;
        libraries.insert((*name).to_owned(), version.to_string());
    }
    let openssl = openssl::version::version().split(' ').nth(1).unwrap_or("of unknown version");
    libraries.insert("OpenSSL".to_owned(), openssl.to_owned());
    #[cfg(feature = "gnutls")]
    libraries.insert("GnuTLS".to_owned(), crate::peers::gnutls_version());
    Ok(libraries)
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

fn thousands(n: usize) -> String {
    match (n / 1000, n % 1000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{},{rest:03}", self::thousands(thousands)),
    }
}
