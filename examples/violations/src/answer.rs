//! How a server reacted.

use std::fmt;

use wantwrite::AlertDescription;

/// What arrived after a violation, and how the connection ended.
pub(crate) struct Answer {
    /// The alerts, except `close_notify`.
    pub(crate) alerts: Vec<AlertDescription>,
    /// An HTTP answer arrived, so the connection still works.
    pub(crate) has_data: bool,
    /// The records that do not open under the server's keys.
    pub(crate) garbage: usize,
    pub(crate) end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    Reset,
    /// Nothing arrived, and the connection did not end.
    Silent,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said: Vec<String> = self.alerts.iter().map(|alert| format!("`{alert}`")).collect();
        if self.has_data {
            said.insert(0, "continues".to_owned());
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
