//! The list of suites.

use wantwrite::CipherSuite;

#[test]
fn each_suite_is_listed_once_and_found_by_its_number() {
    let suites: &'static [CipherSuite] = CipherSuite::ALL;
    for (at, &suite) in suites.iter().enumerate() {
        assert_eq!(CipherSuite::from_wire(suite.to_wire()), Some(suite));
        assert!(!suites[..at].contains(&suite), "{suite:?}");
    }
    let versions: Vec<_> = suites.iter().map(|suite| suite.version()).collect();
    assert!(versions.is_sorted_by_key(|&version| version == wantwrite::Version::Tls12));
}
