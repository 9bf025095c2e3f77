//! The log, written without ever waiting for whoever reads it.
//!
//! The agent has one thread. Where standard error is a pipe that nobody reads, a write to it would stop
//! drains, leases and the watchdog; so a thread of its own writes, and lines that it cannot write in
//! time are dropped and counted.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait.
const MAX_LINES: usize = 1024;

/// The thread's stack: it only copies bytes.
const STACK: usize = 32 * 1024;

/// The writer of the log.
#[derive(Clone, Debug)]
pub struct Journal {
    /// Nothing where no thread could be started: then lines go to standard error directly.
    lines: Option<SyncSender<Vec<u8>>>,
    dropped: Arc<AtomicU64>,
}

impl Journal {
    /// Starts the thread that writes to standard error.
    #[must_use]
    pub fn start() -> Self {
        let (lines, waiting) = sync_channel(MAX_LINES);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .stack_size(STACK)
            .spawn(move || write_all(&waiting, &counted, io::stderr()));
        Self {
            lines: thread.is_ok().then_some(lines),
            dropped,
        }
    }
}

fn write_all(waiting: &Receiver<Vec<u8>>, dropped: &AtomicU64, mut to: impl Write) {
    while let Ok(line) = waiting.recv() {
        let _ = to.write_all(&line);
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(
                to,
                "{{\"level\":\"WARN\",\"message\":\"log lines were dropped\",\"lines\":{lost}}}"
            );
        }
    }
}

/// One line, sent when it is complete.
#[derive(Debug)]
pub struct Line<'j> {
    journal: &'j Journal,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let text = std::mem::take(&mut self.text);
        match &self.journal.lines {
            Some(lines) => {
                if lines.try_send(text).is_err() {
                    self.journal.dropped.fetch_add(1, Ordering::Relaxed);
                }
            }
            None => {
                let _ = io::stderr().write_all(&text);
            }
        }
    }
}

impl<'j> MakeWriter<'j> for Journal {
    type Writer = Line<'j>;

    fn make_writer(&'j self) -> Self::Writer {
        Line {
            journal: self,
            text: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_never_reads_stops_nobody() {
        let (lines, waiting) = sync_channel(2);
        let journal = Journal {
            lines: Some(lines),
            dropped: Arc::new(AtomicU64::new(0)),
        };
        for number in 0..500 {
            write!(journal.make_writer(), "{number}").unwrap();
        }
        assert_eq!(journal.dropped.load(Ordering::Relaxed), 498);
        let dropped = Arc::clone(&journal.dropped);
        drop(journal);
        let mut written = Vec::new();
        write_all(&waiting, &dropped, &mut written);
        let written = String::from_utf8(written).unwrap();
        assert!(
            written.starts_with('0') && written.contains("\"lines\":498"),
            "{written}"
        );
    }
}
