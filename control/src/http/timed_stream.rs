//! A connection whose peer has to take what it is sent: one that reads nothing would keep a response, and its place, for
//! ever otherwise.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A connection, and how long the peer may take none of what is written.
pub struct TimedStream<S> {
    stream: S,
    limit: Duration,
    /// Ends the connection; only while something waits to be taken.
    deadline: Pin<Box<Sleep>>,
    is_waiting: bool,
}

impl<S> TimedStream<S> {
    pub fn new(stream: S, limit: Duration) -> Self {
        Self {
            stream,
            limit,
            deadline: Box::pin(sleep(limit)),
            is_waiting: false,
        }
    }

    /// What came of writing, or the end of the time for it.
    fn within<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.is_waiting = false;
            return written;
        }
        if !self.is_waiting {
            self.is_waiting = true;
            self.deadline.as_mut().reset(Instant::now() + self.limit);
        }
        self.deadline.as_mut().poll(context).map(|()| {
            let what = "the peer takes nothing of what it is sent";
            Err(io::Error::new(ErrorKind::TimedOut, what))
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.within(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.within(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.within(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.within(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_ends_its_connection() {
        let (near, _far) = duplex(16);
        let mut stream = TimedStream::new(near, LIMIT);
        let began = Instant::now();
        let error = stream.write_all(&[0; 17]).await.expect_err("it is full");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(began.elapsed(), LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_peer_and_a_silent_connection_go_on() {
        let (near, mut far) = duplex(16);
        let mut stream = TimedStream::new(near, LIMIT);
        let reading = tokio::spawn(async move {
            let mut byte = [0];
            for _ in 0..20 {
                sleep(LIMIT / 2).await;
                far.read_exact(&mut byte).await.expect("a byte");
            }
            // Nothing is written for longer than the limit.
            sleep(LIMIT * 10).await;
            far
        });
        stream.write_all(&[0; 36]).await.expect("taken");
        let mut far = reading.await.expect("no panic");
        let mut rest = [0; 16];
        far.read_exact(&mut rest).await.expect("the rest");
        stream.write_all(&[0; 16]).await.expect("taken");
    }
}
