//! Connections without a handshake.

use wantwrite::{
    CipherSuite, ConfigError, Connection, ConnectionConfig, ReadKeys, Role, TrafficSecret, Version,
    WriteKeys,
};

use crate::direction::Direction;
use crate::seed::mix;
use crate::{RecordForge, RecordOpener};

/// The keys of both directions of a connection, derived from a seed, for any number of peers,
/// forges and openers.
///
/// **Never use them in production**: everyone has these keys.
///
/// ```
/// use wantwrite::{CipherSuite, Role};
/// use wantwrite_fuzzing::{Keys, drain, feed};
///
/// let keys = Keys::new(CipherSuite::TLS_AES_128_GCM_SHA256, 1);
/// let mut server = keys.connection(Role::Server, Default::default())?;
/// let mut client = keys.forge(Role::Client);
/// let mut answer = keys.opener(Role::Server);
///
/// feed(&mut server, &client.seal(0x17, b"GET / HTTP/1.1\r\n\r\n"));
/// assert_eq!(server.plaintext(), b"GET / HTTP/1.1\r\n\r\n");
/// server.consume_all();
///
/// // A heartbeat, which was never negotiated.
/// feed(&mut server, &client.seal(24, b"?"));
/// let alert = answer.open(&drain(&mut server)).unwrap();
/// assert_eq!((alert.content_type, &alert.content[..]), (0x15, &[2, 10][..]));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Keys {
    suite: CipherSuite,
    client: Material,
    server: Material,
}

/// The input of one direction's keys: the traffic secret in TLS 1.3, the key and IV in TLS 1.2.
#[derive(Clone)]
struct Material([u8; MATERIAL_LEN]);

/// Enough for the longest secret, or for a key with its IV.
const MATERIAL_LEN: usize = 48;
const IV_LEN: usize = 12;
/// In TLS 1.2, Finished uses the sequence number 0.
const FIRST_SEQ_TLS12: u64 = 1;

impl Keys {
    /// Derives the keys from `seed`.
    #[must_use]
    pub fn new(suite: CipherSuite, seed: u64) -> Self {
        let material = |role| Material::new(mix(mix(seed) ^ role));
        Self { suite, client: material(0), server: material(1) }
    }

    /// Returns an established connection of `role`.
    ///
    /// # Errors
    /// [`ConfigError`] for a setting that is out of its range.
    pub fn connection(
        &self,
        role: Role,
        config: ConnectionConfig,
    ) -> Result<Connection, ConfigError> {
        let other = match role {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        Connection::from_keys(self.write_keys(role), self.read_keys(other), role, config)
    }

    /// Returns the keys with which `role` seals.
    #[must_use]
    pub fn write_keys(&self, role: Role) -> WriteKeys {
        match self.secret(role) {
            Some(secret) => WriteKeys::from_secret(secret),
            None => {
                let (key, iv) = self.material(role).key(self.suite);
                WriteKeys::new(self.suite, key, iv, FIRST_SEQ_TLS12).expect(KEY_LEN_IS_RIGHT)
            }
        }
    }

    /// Returns the keys that open the records of `from`.
    #[must_use]
    pub fn read_keys(&self, from: Role) -> ReadKeys {
        match self.secret(from) {
            Some(secret) => ReadKeys::from_secret(secret),
            None => {
                let (key, iv) = self.material(from).key(self.suite);
                ReadKeys::new(self.suite, key, iv, FIRST_SEQ_TLS12).expect(KEY_LEN_IS_RIGHT)
            }
        }
    }

    /// Returns a forge for records of `from`.
    #[must_use]
    pub fn forge(&self, from: Role) -> RecordForge {
        let (direction, seq) = self.direction(from);
        RecordForge::of_direction(direction, seq)
    }

    /// Returns an opener for records of `from`.
    #[must_use]
    pub fn opener(&self, from: Role) -> RecordOpener {
        let (direction, seq) = self.direction(from);
        RecordOpener::of_direction(direction, seq)
    }

    /// The cipher suite.
    #[must_use]
    pub const fn suite(&self) -> CipherSuite {
        self.suite
    }

    fn direction(&self, from: Role) -> (Direction, u64) {
        let material = self.material(from);
        match self.suite.version() {
            Version::Tls13 => {
                let direction = Direction::of_secret(self.suite, material.secret(self.suite));
                (direction.expect(KEY_LEN_IS_RIGHT), 0)
            }
            Version::Tls12 => {
                let (key, iv) = material.key(self.suite);
                let direction = Direction::of_key(self.suite, key, iv);
                (direction.expect(KEY_LEN_IS_RIGHT), FIRST_SEQ_TLS12)
            }
        }
    }

    fn secret(&self, from: Role) -> Option<TrafficSecret> {
        TrafficSecret::new(self.suite, self.material(from).secret(self.suite)).ok()
    }

    const fn material(&self, from: Role) -> &Material {
        match from {
            Role::Client => &self.client,
            Role::Server => &self.server,
        }
    }
}

const KEY_LEN_IS_RIGHT: &str = "the key was cut to its suite's length";

impl Material {
    fn new(seed: u64) -> Self {
        let mut bytes = [0; MATERIAL_LEN];
        let mut state = seed;
        for word in bytes.chunks_mut(8) {
            state = mix(state);
            word.copy_from_slice(&state.to_be_bytes()[..word.len()]);
        }
        Self(bytes)
    }

    fn secret(&self, suite: CipherSuite) -> &[u8] {
        &self.0[..suite.secret_len()]
    }

    fn key(&self, suite: CipherSuite) -> (&[u8], [u8; IV_LEN]) {
        let (iv, rest) = self.0.split_at(IV_LEN);
        (&rest[..suite.key_len()], core::array::from_fn(|at| iv[at]))
    }
}

impl core::fmt::Debug for Material {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Material")
    }
}

/// An established client and server without a handshake, with keys derived from `seed`: TLS 1.3
/// with AES-128-GCM and the default settings.
///
/// **Never use them in production**: everyone has these keys.
///
/// ```
/// let (mut client, mut server) = wantwrite_fuzzing::pair(1);
/// client.writer_mut().write_atomic(b"hello")?;
/// wantwrite_fuzzing::carry(&mut client, &mut server);
/// assert_eq!(server.plaintext(), b"hello");
/// # Ok::<(), wantwrite::WriteError>(())
/// ```
#[must_use]
pub fn pair(seed: u64) -> (Connection, Connection) {
    let keys = Keys::new(CipherSuite::TLS_AES_128_GCM_SHA256, seed);
    pair_with(&keys, &ConnectionConfig::default()).expect("the default settings are in range")
}

/// Like [`pair`], with your own keys and settings.
///
/// # Errors
/// [`ConfigError`] for a setting that is out of its range.
pub fn pair_with(
    keys: &Keys,
    config: &ConnectionConfig,
) -> Result<(Connection, Connection), ConfigError> {
    let client = keys.connection(Role::Client, config.clone())?;
    Ok((client, keys.connection(Role::Server, config.clone())?))
}
