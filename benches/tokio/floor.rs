//! The lower bound for receiving: the same records, read from the socket into existing memory and
//! opened in place by ring. Nothing is copied out.

use core::net::SocketAddr;
use std::io;
use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustls::{ClientConfig, ClientConnection, ConnectionTrafficSecrets};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wantwrite::{CipherSuite, WriteKeys, Writer, WriterConfig};

use crate::Error;
use tokio_benches::localhost;

/// One end of a connection, whose records only ring opens.
pub(crate) struct Floor {
    socket: TcpStream,
    writer: Writer,
    key: LessSafeKey,
    iv: [u8; 12],
    seq: u64,
    buf: Vec<u8>,
    /// The part of `buf` that holds unread bytes.
    held: core::ops::Range<usize>,
}

const HEADER_LEN: usize = 5;

const TAG_LEN: usize = 16;

const MAX_RECORD_LEN: usize = HEADER_LEN + (1 << 14) + 256;

impl Floor {
    /// Lets rustls complete the handshake, and extracts its keys.
    pub(crate) fn connect(client: Arc<ClientConfig>, address: SocketAddr) -> Result<Self, Error> {
        let mut socket = std::net::TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        let mut tls = ClientConnection::new(client, localhost()?)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut socket)?;
        }
        let secrets = tls.dangerous_extract_secrets()?;
        let (write_seq, write) = secrets.tx;
        let (seq, read) = secrets.rx;
        let (
            ConnectionTrafficSecrets::Aes256Gcm { key: write_key, iv: write_iv },
            ConnectionTrafficSecrets::Aes256Gcm { key, iv },
        ) = (write, read)
        else {
            return Err("not the expected suite".into());
        };
        let suite = CipherSuite::TLS_AES_256_GCM_SHA384;
        let write_iv = write_iv.as_ref().try_into()?;
        let keys = WriteKeys::new(suite, write_key.as_ref(), write_iv, write_seq)?;
        let key = UnboundKey::new(&AES_256_GCM, key.as_ref()).map_err(|_| "not a key")?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: TcpStream::from_std(socket)?,
            writer: Writer::new(keys, WriterConfig::default())?,
            key: LessSafeKey::new(key),
            iv: iv.as_ref().try_into()?,
            seq,
            buf: vec![0; 2 * MAX_RECORD_LEN],
            held: 0..0,
        })
    }

    /// Requests `total` bytes, and opens them.
    pub(crate) async fn receive(&mut self, total: usize) -> Result<(), Error> {
        self.writer.write_atomic(&[1])?;
        let mut drain = self.writer.drain();
        self.socket.write_all(drain.chunk()).await?;
        drain.advance(drain.remaining())?;
        let mut left = total;
        while left > 0 {
            while let Some(len) = self.open_next()? {
                left = left.saturating_sub(len);
            }
            if left > 0 {
                self.read().await?;
            }
        }
        Ok(())
    }

    async fn read(&mut self) -> io::Result<()> {
        let held = self.held.len();
        self.buf.copy_within(self.held.clone(), 0);
        let n = self.socket.read(&mut self.buf[held..]).await?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.held = 0..held + n;
        Ok(())
    }

    /// Returns the length of the next record's content, if the record is complete. The few tickets
    /// are counted too.
    fn open_next(&mut self) -> Result<Option<usize>, Error> {
        let Some((header, body)) =
            self.buf[self.held.clone()].split_first_chunk_mut::<HEADER_LEN>()
        else {
            return Ok(None);
        };
        let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let Some(body) = body.get_mut(..len) else { return Ok(None) };
        let mut nonce = self.iv;
        for (byte, seq) in nonce[4..].iter_mut().zip(self.seq.to_be_bytes()) {
            *byte ^= seq;
        }
        self.seq += 1;
        self.key
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(*header), body)
            .map_err(|_| "a record that does not open")?;
        self.held.start += HEADER_LEN + len;
        Ok(Some(len - TAG_LEN - 1))
    }
}
