//! Another program as a peer, with its pipes, its output and its files.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio, id};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;
use std::{env, fs};

pub use crate::PATIENCE;

/// A directory for the files of one test, removed on drop.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("wantwrite-{}-{n}", id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // Leftovers are in the system's temporary directory.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a process has printed so far.
#[derive(Clone, Default)]
pub struct Output(Arc<(Mutex<Printed>, Condvar)>);

#[derive(Default)]
struct Printed {
    bytes: Vec<u8>,
    has_ended: bool,
}

impl Output {
    fn collect(mut pipe: impl Read + Send + 'static) -> Self {
        let this = Self::default();
        let collected = this.clone();
        thread::spawn(move || {
            let mut buf = [0; 64 * 1024];
            loop {
                let n = pipe.read(&mut buf).unwrap_or(0);
                let (printed, changed) = &*collected.0;
                let mut printed = printed.lock().unwrap();
                printed.bytes.extend_from_slice(&buf[..n]);
                printed.has_ended = n == 0;
                changed.notify_all();
                if n == 0 {
                    return;
                }
            }
        });
        this
    }

    /// Waits until `found` finds something in the output.
    pub fn wait<T>(&self, what: &str, found: impl Fn(&[u8]) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let (printed, changed) = &*self.0;
        let mut printed = printed.lock().unwrap();
        loop {
            if let Some(found) = found(&printed.bytes) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if printed.has_ended || left.is_zero() {
                let text = String::from_utf8_lossy(&printed.bytes).into_owned();
                let why = if printed.has_ended { "ended" } else { "waits" };
                drop(printed);
                panic!("the program {why}, and did not print {what}; it printed:\n{text}");
            }
            printed = changed.wait_timeout(printed, left).unwrap().0;
        }
    }

    /// Waits until `text` has been printed `times` times.
    pub fn wait_for(&self, text: &str, times: usize) {
        self.wait(&format!("{text:?} {times} times"), |bytes| {
            (count(bytes, text) >= times).then_some(())
        });
    }

    /// How often `text` has been printed so far.
    pub fn count(&self, text: &str) -> usize {
        count(&self.0.0.lock().unwrap().bytes, text)
    }

    /// Waits for the end of the output, which is the end of the process. Returns everything
    /// printed.
    fn wait_for_end(&self) -> Vec<u8> {
        let (printed, changed) = &*self.0;
        let (printed, timeout) = changed
            .wait_timeout_while(printed.lock().unwrap(), PATIENCE, |printed| !printed.has_ended)
            .unwrap();
        let bytes = printed.bytes.clone();
        drop(printed);
        assert!(
            !timeout.timed_out(),
            "the program did not exit; it printed:\n{}",
            String::from_utf8_lossy(&bytes)
        );
        bytes
    }
}

fn count(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count()
}

/// A running program, killed on drop.
pub struct Process {
    child: Child,
    /// `None` after it was taken or closed.
    pub stdin: Option<ChildStdin>,
    pub stdout: Output,
    pub stderr: Output,
}

impl Process {
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: Output::collect(child.stdout.take().unwrap()),
            stderr: Output::collect(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Types a line, in one write. A line that starts with a command letter is a command.
    pub fn line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Its outputs, for use on another thread.
    pub fn outputs(&self) -> (Output, Output) {
        (self.stdout.clone(), self.stderr.clone())
    }

    /// Kills it, without notice to its peer.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it exits successfully, and returns what it printed.
    pub fn wait_for_exit(mut self) -> Vec<u8> {
        let printed = self.stdout.wait_for_end();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the program: {status}");
        printed
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the path as a command-line argument.
pub fn arg(path: &Path) -> &str {
    path.to_str().unwrap()
}
