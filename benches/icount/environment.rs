//! What the counts depend on besides the code.

use core::fmt;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use serde::{Deserialize, Serialize};

use super::callgrind::valgrind;
use benches::common::Error;

#[derive(PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Environment {
    /// The features of the processor that valgrind emulates.
    features: String,
    rustc: String,
    ring: String,
    libc: String,
    valgrind: String,
}

impl Environment {
    pub(crate) fn here() -> Result<Self, Error> {
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        Ok(Self {
            features: first_line(valgrind("none").arg(env::current_exe()?).arg("--features"))?,
            rustc: first_line(Command::new("rustc").arg("--version"))?,
            ring: locked_version(&fs::read_to_string(lock)?, "ring")?,
            libc: first_line(Command::new("getconf").arg("GNU_LIBC_VERSION"))?,
            valgrind: first_line(Command::new("valgrind").arg("--version"))?,
        })
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { features, rustc, ring, libc, valgrind } = self;
        write!(f, "{rustc}, ring {ring}, {libc}, {valgrind}, {features}")
    }
}

/// Returns the features by which ring and `memcpy` select their code.
pub(crate) fn features() -> String {
    #[cfg(target_arch = "x86_64")]
    macro_rules! detected {
        ($($feature:tt)*) => {
            [$(($feature, std::arch::is_x86_feature_detected!($feature))),*]
        };
    }
    #[cfg(target_arch = "x86_64")]
    let features = detected!(
        "ssse3" "movbe" "aes" "pclmulqdq" "avx" "avx2" "bmi1" "bmi2" "adx" "sha" "vaes"
        "vpclmulqdq" "avx512f"
    );
    #[cfg(not(target_arch = "x86_64"))]
    let features = [(std::env::consts::ARCH, true)];
    let detected = features.into_iter().filter(|(_, detected)| *detected);
    detected.map(|(name, _)| name).collect::<Vec<_>>().join(" ")
}

fn first_line(command: &mut Command) -> Result<String, Error> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let stdout = String::from_utf8(output.stdout)?;
    Ok(stdout.lines().next().ok_or_else(|| format!("{command:?} printed nothing"))?.to_owned())
}

fn locked_version(lock: &str, package: &str) -> Result<String, Error> {
    let (_, found) = lock
        .split_once(&format!("name = \"{package}\"\nversion = \""))
        .ok_or_else(|| format!("{package} is not in Cargo.lock"))?;
    Ok(found.split('"').next().unwrap_or_default().to_owned())
}
