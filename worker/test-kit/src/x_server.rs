//! An X server's socket that shakes hands and shows nothing.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use x11rb_protocol::protocol::xproto::{ImageOrder, Screen, Setup, SetupFailed};
use x11rb_protocol::x11_utils::Serialize as _;

use crate::shared::Shared;

/// How the server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// The connection is taken and nothing is said, as by a server that hangs.
    Hanging,
    /// The handshake is answered with a refusal.
    Refusing,
}

/// The running server.
pub struct XServer {
    socket: PathBuf,
    fault: Shared<Fault>,
    handshakes: Shared<usize>,
    task: Shared<Option<JoinHandle<()>>>,
}

impl XServer {
    /// Starts at this socket, such as `X99` in a folder of the test's own.
    ///
    /// # Errors
    ///
    /// When the socket cannot be made.
    pub fn start(socket: &Path) -> io::Result<Self> {
        let server = Self {
            socket: socket.to_owned(),
            fault: Shared::default(),
            handshakes: Shared::default(),
            task: Shared::default(),
        };
        server.restart()?;
        Ok(server)
    }

    /// Its socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// How it answers from now on.
    pub fn set_fault(&self, fault: Fault) {
        self.fault.set(fault);
    }

    /// How many handshakes were accepted.
    #[must_use]
    pub fn handshakes(&self) -> usize {
        self.handshakes.get()
    }

    /// Ends it, and every connection: whoever comes from now on is refused. A socket's file stays, as after a kill.
    pub fn stop(&self) {
        if let Some(task) = self.task.with(Option::take) {
            // Its task closes the listener a moment later, when nothing leads to it any more.
            let _ = self.replace_by_dead_socket();
            task.abort();
        }
    }

    /// A program that is started meanwhile has all sockets open for a moment, so this one never listens.
    fn replace_by_dead_socket(&self) -> io::Result<()> {
        let dead = self.socket.with_extension("dead");
        Socket::new(Domain::UNIX, Type::STREAM, None)?.bind(&SockAddr::unix(&dead)?)?;
        std::fs::rename(dead, &self.socket)
    }

    /// Starts it again.
    ///
    /// # Errors
    ///
    /// When the socket cannot be made.
    pub fn restart(&self) -> io::Result<()> {
        self.stop();
        match std::fs::remove_file(&self.socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&self.socket)?;
        let accepting = accept(listener, self.fault.clone(), self.handshakes.clone());
        let task = tokio::spawn(accepting);
        self.task.with(|running| *running = Some(task));
        Ok(())
    }
}

impl Drop for XServer {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn accept(listener: UnixListener, fault: Shared<Fault>, handshakes: Shared<usize>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(converse(stream, fault.get(), handshakes.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(mut stream: UnixStream, fault: Fault, handshakes: Shared<usize>) {
    // A client that goes away in the middle is no business of the fake.
    let _ = shake_hands(&mut stream, fault, &handshakes).await;
}

async fn shake_hands(
    stream: &mut UnixStream,
    fault: Fault,
    handshakes: &Shared<usize>,
) -> io::Result<()> {
    let mut request = [0; 12];
    stream.read_exact(&mut request).await?;
    // Little-endian is all that this server speaks, and all that its clients here do.
    if request[0] != b'l' {
        return Ok(());
    }
    let length = |at: usize| usize::from(u16::from_le_bytes([request[at], request[at + 1]]));
    let padded = |length: usize| length.next_multiple_of(4);
    let mut authorization = vec![0; padded(length(6)) + padded(length(8))];
    stream.read_exact(&mut authorization).await?;
    match fault {
        Fault::Hanging => tokio::time::sleep(Duration::from_mins(10)).await,
        Fault::Refusing => stream.write_all(&refusal()).await?,
        Fault::None => {
            // Counted first: the client may look at the number as soon as it has the answer.
            handshakes.with(|number| *number += 1);
            stream.write_all(&acceptance()).await?;
        }
    }
    // The client ends the conversation.
    stream.read_to_end(&mut Vec::new()).await?;
    Ok(())
}

fn refusal() -> Vec<u8> {
    let reason = b"no, no more!".to_vec();
    SetupFailed {
        status: 0,
        protocol_major_version: 11,
        protocol_minor_version: 0,
        length: reason.len() as u16 / 4,
        reason,
    }
    .serialize()
}

fn acceptance() -> Vec<u8> {
    let screen = Screen {
        root: 1,
        width_in_pixels: 1920,
        height_in_pixels: 1080,
        root_depth: 24,
        ..Screen::default()
    };
    let mut setup = Setup {
        status: 1,
        protocol_major_version: 11,
        protocol_minor_version: 0,
        length: 0,
        release_number: 12_101_007,
        resource_id_base: 0x0020_0000,
        resource_id_mask: 0x001f_ffff,
        motion_buffer_size: 256,
        maximum_request_length: u16::MAX,
        image_byte_order: ImageOrder::LSB_FIRST,
        bitmap_format_bit_order: ImageOrder::LSB_FIRST,
        bitmap_format_scanline_unit: 32,
        bitmap_format_scanline_pad: 32,
        min_keycode: 8,
        max_keycode: 255,
        vendor: b"Valet test kit".to_vec(),
        pixmap_formats: Vec::new(),
        roots: vec![screen],
    };
    // The length is that of what follows the first eight bytes, in words of four.
    setup.length = (setup.serialize().len() as u16 - 8) / 4;
    setup.serialize()
}
