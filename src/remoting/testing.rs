//! A client for tests that speaks bytes: send this, expect that.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use skylark_protocol::command::{Command, HeaderCodec};
use skylark_protocol::fields::Fields;
use skylark_protocol::frame::take_frame;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Far beyond what any step takes; a test that reaches it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A client that speaks bytes.
pub(crate) struct Wire<S = TcpStream> {
    pub(super) stream: S,
    pub(super) buffer: BytesMut,
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Wire {
        Wire { stream: TcpStream::connect(address).await.unwrap(), buffer: BytesMut::new() }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Sends one request and takes the next frame as its answer.
    pub(crate) async fn ask(&mut self, request: Command) -> Command {
        self.send(&bytes(&[request])).await;
        self.expect().await
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn expect(&mut self) -> Command {
        self.next().await.expect("a frame before the end")
    }

    /// The next frame, or None when the server closed.
    pub(crate) async fn next(&mut self) -> Option<Command> {
        loop {
            if let Some(frame) = take_frame(&mut self.buffer).unwrap() {
                return Some(Command::decode(frame).unwrap());
            }
            let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.buffer)).await;
            if read.expect("the server says nothing").unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    #[track_caller]
    pub(crate) fn expect_closed(&mut self) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let next = self.next().await;
            assert!(next.is_none(), "{place}: not closed but {next:?}");
        }
    }
}

pub(crate) fn request(code: i32, opaque: i32, fields: &[(&str, &str)], body: impl Into<Bytes>) -> Command {
    let fields: Fields = fields.iter().copied().collect();
    Command { opaque, body: body.into(), ..Command::request(code, fields) }
}

pub(crate) fn bytes(commands: &[Command]) -> BytesMut {
    let mut out = BytesMut::new();
    commands.iter().for_each(|command| command.encode(&mut out));
    out
}

pub(crate) fn binary(command: Command) -> Command {
    Command { codec: HeaderCodec::Binary, ..command }
}

pub(crate) fn oneway(mut command: Command) -> Command {
    command.set_oneway();
    command
}
