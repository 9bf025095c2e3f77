//! SHA-256 of what flows by.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

/// Hashes and counts what is read or written through it.
pub struct HashingStream<T> {
    inner: T,
    digest: Sha256,
    pub bytes: u64,
}

impl<T> HashingStream<T> {
    pub fn new(inner: T) -> Self {
        Self {
            inner,
            digest: Sha256::new(),
            bytes: 0,
        }
    }

    /// The digest so far, in lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        hex::encode(self.digest.clone().finalize())
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
    }
}

impl<R: Read> Read for HashingStream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.pass(&buffer[..count]);
        Ok(count)
    }
}

impl<W: Write> Write for HashingStream<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.pass(&buffer[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
