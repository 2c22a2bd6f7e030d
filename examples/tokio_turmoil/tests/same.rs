//! One seed determines every byte and when it is sent. Another seed gives a different run.

use tokio_turmoil::{in_a_simulated_network, under_a_paused_clock};

#[test]
fn a_seed_decides_every_byte_in_a_simulated_network() {
    for seed in 1..4 {
        let first = in_a_simulated_network(seed).unwrap();
        assert!(first.events() == in_a_simulated_network(seed).unwrap().events(), "{seed}");
        assert!(first.failures() > 0, "the partition cost nothing");
        assert!(first.sent() > 400_000, "{first}");
    }
    let events = |seed| in_a_simulated_network(seed).unwrap().events();
    assert!(events(1) != events(2));
}

#[test]
fn a_seed_decides_every_byte_under_a_paused_clock() {
    let events = |seed| under_a_paused_clock(seed).unwrap().events();
    assert!(events(1) == events(1));
    assert!(events(1) != events(2));
}
