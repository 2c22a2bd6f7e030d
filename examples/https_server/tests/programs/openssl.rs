//! Keys written by the installed `openssl` program.

use std::fs;
use std::process::Command;

use libtest_mimic::Trial;
use wantwrite_testing::programs::OPENSSL;
use wantwrite_testing::{Identity, tests};

use crate::server::{SUITES, Server, program};

pub(crate) fn trials() -> Vec<Trial> {
    OPENSSL.trials(tests![keys_are_read_in_every_form])
}

/// PKCS#8, and the formats that `openssl` calls traditional: SEC1 and PKCS#1.
fn keys_are_read_in_every_form() {
    for (rsa, title) in [(false, "EC PRIVATE KEY"), (true, "RSA PRIVATE KEY")] {
        let files = tempfile::tempdir().unwrap();
        let identity = Identity::new(rsa);
        let [chain, pkcs8] = identity.store(files.path(), "pair");
        let key = files.path().join("traditional.pem");
        let converted = Command::new("openssl")
            .args(["pkey", "-traditional", "-in"])
            .arg(pkcs8)
            .arg("-out")
            .arg(&key)
            .status();
        assert!(converted.unwrap().success());
        assert!(fs::read_to_string(&key).unwrap().contains(title));
        let mut command = Command::new(program("https_server"));
        command.args(["--addr", "127.0.0.1:0", "--cert"]).arg(chain).arg("--key").arg(key);
        let server = Server::spawn(&mut command, identity, files);
        assert_eq!(server.client(SUITES[0]).get("/").status, 200);
    }
}
