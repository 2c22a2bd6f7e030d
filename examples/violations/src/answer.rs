//! What a server did.

use std::fmt;

use wantwrite::AlertDescription;

/// What came behind a violation, and how it ended.
pub(crate) struct Answer {
    /// Alerts, but for `close_notify`.
    pub(crate) alerts: Vec<AlertDescription>,
    /// An HTTP answer: the connection still works.
    pub(crate) has_data: bool,
    /// Records that do not open under the server's keys.
    pub(crate) garbage: usize,
    pub(crate) end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    Reset,
    /// Nothing comes, and nothing ends.
    Silent,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said: Vec<String> = self.alerts.iter().map(|alert| format!("`{alert}`")).collect();
        if self.has_data {
            said.insert(0, "goes on".to_owned());
        }
        if self.garbage > 0 {
            said.push(format!("{} records that do not open", self.garbage));
        }
        if said.is_empty() {
            said.push(match self.end {
                End::Closed => "closes without an alert".to_owned(),
                End::Reset => "resets without an alert".to_owned(),
                End::Silent => "waits".to_owned(),
            });
        }
        f.write_str(&said.join(", then "))
    }
}
