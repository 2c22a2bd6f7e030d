/**
 * @file wantwrite.h
 * TLS without I/O: a connection is a pair of buffers with states.
 *
 * You own the socket and the event loop. A connection takes plaintext and returns sealed bytes,
 * takes bytes from the transport and returns plaintext, and tells you at any time what it waits for:
 *
 *     plaintext --ww_write / ww_slot--> [records] --ww_out, ww_out_advance--> transport
 *     transport --ww_in, ww_in_commit, ww_process--> [plaintext] --ww_consume--> you
 *
 * These rules apply to all functions:
 *
 * - **Spans.** A span is valid until the next call on its object that does not take it as `const`.
 *   For `ww_slot`, `ww_in` and `ww_chunk_span` it is valid longer, as documented there.
 * - **Counts.** Values that a call returns through a pointer are set on errors too: a count says how
 *   many bytes were taken, even if the call failed.
 * - **Full is not an error.** `ww_write` accepts as much as fits, which may be 0. Never resubmit
 *   accepted bytes: they belong to the connection. `ww_room` says in advance how much fits.
 * - **Levels.** You can query `ww_wants` and the states at any time. A query never resets them.
 * - **Errors.** A function returns the result of its own call: there is no error queue and no hidden
 *   state per thread. A call that fails changes nothing, unless the connection itself has failed.
 *   That is permanent, and `ww_connection_error` returns the reason.
 * - **NULL** is an error (`WW_ERROR_NULL`), never a crash. Functions that return a value instead of a
 *   status return 0 for NULL. A pointer to bytes may be NULL if the length is 0.
 * - **Freeing.** Free what a `_new` function returns with the matching `_free`, which accepts NULL. Do
 *   not use an object after that.
 * - **Threads.** One thread at a time may use an object; you can move it between threads. Any number
 *   of threads may use a configuration or a pool at the same time.
 * - **Callbacks.** There are none, except for a certificate verifier and a clock if you set them.
 * - **Bugs in the library.** A panic never reaches your program: the call returns `WW_ERROR_PANIC`,
 *   and so does every later call on that object, which you can only free.
 * - **Settings** begin with their size, which you set: `{.size = sizeof(ww_client_settings)}`. Every
 *   other field that is 0 has its default. Numbers are checked: a value out of range is an error.
 *
 * If memory runs out, the program is aborted.
 */

#ifndef WANTWRITE_H
#define WANTWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/**
 * The size of `ww_error.text`, including the terminating zero byte.
 */
#define WW_ERROR_TEXT_LEN 256

/**
 * TLS 1.2, for `versions`.
 */
#define WW_TLS12 1

/**
 * TLS 1.3, for `versions`.
 */
#define WW_TLS13 2

/**
 * Bytes are pending: register for writability, and give the transport what `ww_out` returns.
 */
#define WW_WANTS_DRAIN 1

/**
 * The connection accepts input: register for readability, and read into what `ww_in` returns.
 */
#define WW_WANTS_INPUT 2

/**
 * Input is ready to be processed: call `ww_process`, without waiting for the transport.
 */
#define WW_WANTS_PROCESS 4

/**
 * The length of an IV.
 */
#define WW_IV_LEN 12

/**
 * The result of a call. `WW_OK` is 0.
 *
 * The statuses from `WW_ERROR_FAILED` to `WW_ERROR_KEYS_EXHAUSTED` mean that the connection has
 * failed or, for `WW_ERROR_TRUNCATED`, that reading has ended. All other errors concern a single
 * call. Such a call has changed nothing, except for the bytes that it counts as taken.
 */
typedef enum ww_status {
  /**
   * Success.
   */
  WW_OK = 0,
  /**
   * A pointer was NULL that must not be.
   */
  WW_ERROR_NULL = 1,
  /**
   * A number or a string is not one of the allowed values.
   */
  WW_ERROR_ARGUMENT = 2,
  /**
   * A bug in the library: a panic was caught. You can only free the object.
   */
  WW_ERROR_PANIC = 3,
  /**
   * The size at the start of the settings is invalid, or the settings set fields that this
   * version of the library does not know.
   */
  WW_ERROR_SETTINGS_SIZE = 4,
  /**
   * A setting is out of range, or two settings contradict each other.
   */
  WW_ERROR_SETTING = 5,
  /**
   * A file could not be opened or read.
   */
  WW_ERROR_FILE = 6,
  /**
   * The PEM cannot be decoded, or does not contain what is needed.
   */
  WW_ERROR_PEM = 7,
  /**
   * A certificate or a private key is unusable, or they do not match.
   */
  WW_ERROR_IDENTITY = 8,
  /**
   * An all-or-nothing write did not fit.
   */
  WW_ERROR_NO_ROOM = 20,
  /**
   * Our half is closed.
   */
  WW_ERROR_CLOSED = 21,
  /**
   * The key has reached its limit and cannot be updated. Close the connection.
   */
  WW_ERROR_KEY_LIMIT = 22,
  /**
   * The caller claimed more bytes than exist. Nothing changed.
   */
  WW_ERROR_OVERRUN = 23,
  /**
   * The protocol version has no KeyUpdate, or these keys cannot be updated.
   */
  WW_ERROR_NO_KEY_UPDATE = 24,
  /**
   * The handshake is not complete.
   */
  WW_ERROR_NEGOTIATING = 25,
  /**
   * The chunk is not the one that was taken last from this connection, more has been drained
   * since, or a capacity's worth of later bytes has been taken and new records have been sealed
   * since. In the last case, send the chunk before anything that `ww_out` returns.
   */
  WW_ERROR_PUT_BACK = 26,
  /**
   * Keying material cannot be exported: `exporter` is not set, TLS 1.2 was negotiated without
   * Extended Master Secret, the label is one of TLS's own, or the length is too large.
   */
  WW_ERROR_EXPORT = 27,
  /**
   * The transport failed. `ww_step.transport_error` is the number that was reported.
   */
  WW_ERROR_TRANSPORT = 40,
  /**
   * The transport took 0 bytes.
   */
  WW_ERROR_WRITE_ZERO = 41,
  /**
   * Lingering ended because the peer is still sending.
   */
  WW_ERROR_STILL_SENDING = 42,
  /**
   * Lingering was abandoned.
   */
  WW_ERROR_GAVE_UP = 43,
  /**
   * The connection failed earlier; `ww_connection_error` returns the reason.
   */
  WW_ERROR_FAILED = 60,
  /**
   * The handshake failed.
   */
  WW_ERROR_HANDSHAKE = 61,
  /**
   * The peer's certificate was not accepted.
   */
  WW_ERROR_CERTIFICATE = 62,
  /**
   * The peer broke the protocol.
   */
  WW_ERROR_PEER_PROTOCOL = 63,
  /**
   * The peer ended the connection with an alert.
   */
  WW_ERROR_PEER_ALERT = 64,
  /**
   * The transport ended without the peer's close_notify, so what was read may be incomplete.
   * After the handshake, you can still write; `ww_process` returns this once, and `ww_read` and
   * `WW_GOAL_READ` every time.
   */
  WW_ERROR_TRUNCATED = 65,
  /**
   * The connection was aborted, or closed during the handshake.
   */
  WW_ERROR_ABORTED = 66,
  /**
   * No further traffic key can be derived.
   */
  WW_ERROR_KEYS_EXHAUSTED = 67,
} ww_status;

/**
 * Who is at fault.
 */
typedef enum ww_fault {
  /**
   * No error.
   */
  WW_FAULT_NONE = 0,
  /**
   * Your program, or its settings.
   */
  WW_FAULT_CALLER = 1,
  /**
   * The peer.
   */
  WW_FAULT_PEER = 2,
  /**
   * The transport, or an attacker on the network.
   */
  WW_FAULT_TRANSPORT = 3,
  /**
   * This library, or the machine it runs on.
   */
  WW_FAULT_LIBRARY = 4,
} ww_fault;

/**
 * The state of our writing half.
 */
typedef enum ww_writing {
  /**
   * A fatal error. You can still drain what was sealed before it, and the alert.
   */
  WW_WRITING_FAILED = 0,
  /**
   * The handshake is not complete: writing accepts 0 bytes.
   */
  WW_WRITING_NEGOTIATING = 1,
  /**
   * Writing accepts as much as fits.
   */
  WW_WRITING_OPEN = 2,
  /**
   * `ww_close` was called; bytes are still pending.
   */
  WW_WRITING_CLOSING = 3,
  /**
   * `ww_close` was called, and everything has been drained. Do not close a socket yet: if it has
   * unread input, the system resets the connection, and the peer loses what it has not read.
   * Read to the peer's end first.
   */
  WW_WRITING_CLOSED = 4,
} ww_writing;

/**
 * The state of our reading half.
 */
typedef enum ww_reading {
  /**
   * A fatal error.
   */
  WW_READING_FAILED = 0,
  /**
   * The handshake is not complete.
   */
  WW_READING_NEGOTIATING = 1,
  /**
   * Plaintext can arrive.
   */
  WW_READING_OPEN = 2,
  /**
   * The peer's close_notify has arrived: a clean end.
   */
  WW_READING_PEER_CLOSED = 3,
  /**
   * The transport ended without close_notify, so what was read may be incomplete.
   */
  WW_READING_TRUNCATED = 4,
} ww_reading;

/**
 * The state of the outbound buffer.
 */
typedef enum ww_buffer {
  /**
   * Empty: no bytes are pending.
   */
  WW_BUFFER_EMPTY = 0,
  /**
   * Bytes are pending, and writing would accept more.
   */
  WW_BUFFER_HOLDING = 1,
  /**
   * Writing accepts nothing until bytes are drained.
   */
  WW_BUFFER_FULL = 2,
} ww_buffer;

/**
 * The kind of a handshake.
 */
typedef enum ww_handshake {
  /**
   * Not complete yet.
   */
  WW_HANDSHAKE_UNKNOWN = 0,
  /**
   * A full handshake.
   */
  WW_HANDSHAKE_FULL = 1,
  /**
   * A full handshake, after a HelloRetryRequest.
   */
  WW_HANDSHAKE_FULL_WITH_RETRY = 2,
  /**
   * A resumption of an earlier session.
   */
  WW_HANDSHAKE_RESUMED = 3,
} ww_handshake;

/**
 * What to do for a goal.
 */
typedef enum ww_step_kind {
  /**
   * The goal is reached or, if there was an error, cannot be reached.
   */
  WW_STEP_DONE = 0,
  /**
   * Give the transport some of the bytes in `out`, from the start; then call `ww_wrote`.
   */
  WW_STEP_WRITE = 1,
  /**
   * Let the transport fill the memory `in`, from the start; then call `ww_got`.
   */
  WW_STEP_READ = 2,
  /**
   * Let the transport flush its own buffer, if it has one; then call `ww_flushed`.
   */
  WW_STEP_FLUSH = 3,
  /**
   * Do nothing until the transport can do what it could not. Follows only a `ww_blocked`.
   */
  WW_STEP_BLOCKED = 4,
} ww_step_kind;

/**
 * Whether a server requests certificates from its clients.
 */
typedef enum ww_client_auth {
  /**
   * Does not request one.
   */
  WW_CLIENT_AUTH_NONE = 0,
  /**
   * Requests one, and accepts clients without it.
   */
  WW_CLIENT_AUTH_OPTIONAL = 1,
  /**
   * Requests one, and refuses clients without it.
   */
  WW_CLIENT_AUTH_REQUIRED = 2,
} ww_client_auth;

/**
 * What a failure of the transport says about its far end.
 */
typedef enum ww_far_end {
  /**
   * Nothing.
   */
  WW_FAR_END_UNKNOWN = 0,
  /**
   * It accepts nothing more, and a read does not block (`EPIPE`).
   */
  WW_FAR_END_GONE = 1,
  /**
   * The same, but a read that returned 0 would look like an orderly end (`ECONNRESET`).
   */
  WW_FAR_END_RESET = 2,
} ww_far_end;

/**
 * What the driver should reach. Every goal except `WW_GOAL_OFFER` and `WW_GOAL_FLUSH` finishes the
 * handshake first.
 */
typedef enum ww_goal {
  /**
   * The handshake is complete, and our last flight has been offered to the transport.
   */
  WW_GOAL_HANDSHAKE = 0,
  /**
   * Plaintext is available, or the peer has closed: call `ww_read`. Pending bytes are offered to
   * the transport in the meantime.
   */
  WW_GOAL_READ = 1,
  /**
   * The next `ww_write` or `ww_writev` accepts something, or returns why it cannot.
   */
  WW_GOAL_WRITE = 2,
  /**
   * Pending bytes have been offered to the transport: use this goal after reads and writes. It
   * never waits and never fails.
   */
  WW_GOAL_OFFER = 3,
  /**
   * The transport has everything that was accepted, and its own buffer is flushed.
   */
  WW_GOAL_FLUSH = 4,
  /**
   * The transport has close_notify, after everything that was accepted.
   */
  WW_GOAL_CLOSE = 5,
} ww_goal;

/**
 * Which server certificates a client accepts.
 */
typedef enum ww_roots {
  /**
   * Those that chain to the Mozilla roots compiled into this library.
   */
  WW_ROOTS_WEBPKI = 0,
  /**
   * Those that chain to the roots in `roots_pem`.
   */
  WW_ROOTS_PEM = 1,
  /**
   * Those that chain to either set of roots.
   */
  WW_ROOTS_WEBPKI_AND_PEM = 2,
  /**
   * Those that `verifier` accepts.
   */
  WW_ROOTS_VERIFIER = 3,
  /**
   * All of them, for tests only: anyone on the network can then read and change everything.
   */
  WW_ROOTS_DANGEROUS_ACCEPT_ANY_CERTIFICATE = 4,
} ww_roots;

/**
 * A verifier's verdict on a certificate. Any other number counts as `WW_VERDICT_REFUSED`.
 */
typedef enum ww_verdict {
  /**
   * Accepted: it is the peer's certificate.
   */
  WW_VERDICT_ACCEPTED = 0,
  /**
   * Refused, with the alert access_denied.
   */
  WW_VERDICT_REFUSED = 1,
  /**
   * No trusted issuer has signed it: unknown_ca.
   */
  WW_VERDICT_UNKNOWN_ISSUER = 2,
  /**
   * It has expired: certificate_expired.
   */
  WW_VERDICT_EXPIRED = 3,
  /**
   * It has been revoked: certificate_revoked.
   */
  WW_VERDICT_REVOKED = 4,
  /**
   * It belongs to another name: bad_certificate.
   */
  WW_VERDICT_WRONG_NAME = 5,
  /**
   * It cannot be decoded: bad_certificate.
   */
  WW_VERDICT_MALFORMED = 6,
} ww_verdict;

/**
 * Sealed bytes taken out of a connection, for I/O that keeps its memory until it completes. A
 * chunk can outlive the connection, and can be freed on another thread.
 */
typedef struct ww_chunk ww_chunk;

/**
 * The configuration of clients. It is immutable and reference counted, and any number of threads
 * may use it at the same time. Share one configuration, so that clients share its session cache.
 */
typedef struct ww_client_config ww_client_config;

/**
 * A TLS connection without I/O. One thread at a time may use it; you can move it between threads.
 */
typedef struct ww_connection ww_connection;

/**
 * Memory from which connections take their buffers while they are busy. Any number of threads may
 * use it at the same time.
 */
typedef struct ww_pool ww_pool;

/**
 * The reading half of a connection whose handshake you have performed yourself. Its functions
 * correspond to those of a connection. One thread at a time may use it.
 */
typedef struct ww_reader ww_reader;

/**
 * The configuration of servers. It is immutable and reference counted, and any number of threads
 * may use it at the same time. Share one configuration, so that connections share its sessions.
 */
typedef struct ww_server_config ww_server_config;

/**
 * The writing half of a connection whose handshake you have performed yourself. Its functions
 * correspond to those of a connection. One thread at a time may use it.
 *
 * In TLS 1.3, a writer alone is not safe: the peer's KeyUpdate determines what the next record
 * must be, and an alert must stop the writer. Report both, with `ww_writer_on_key_update` and
 * `ww_writer_fail`.
 */
typedef struct ww_writer ww_writer;

/**
 * PEM in a file (`path`) or in memory (`data` and `len`). All zeros means none; setting both is an
 * error.
 */
typedef struct ww_pem {
  /**
   * The path of a file, or NULL.
   */
  const char *path;
  /**
   * PEM in memory, or NULL.
   */
  const uint8_t *data;
  /**
   * How many bytes of PEM.
   */
  size_t len;
} ww_pem;

/**
 * Bytes to read: `len` bytes at `data`. If `len` is 0, `data` may be NULL.
 */
typedef struct ww_span {
  /**
   * The first byte.
   */
  const uint8_t *data;
  /**
   * How many bytes.
   */
  size_t len;
} ww_span;

/**
 * Decides whether to accept the peer's certificates and returns a `ww_verdict`. `certificates`
 * points to `count` DER certificates, the peer's own first. `server_name` is the name that the
 * client asked for, or NULL on a server. The library itself always checks that the peer has the
 * private key.
 *
 * The call that processes the handshake calls this, on its own thread; if connections share a
 * configuration, it can run on several threads at the same time. It must return normally, and must
 * not use the connection.
 */
typedef int32_t (*ww_verifier)(void *context,
                               const struct ww_span *certificates,
                               size_t count,
                               const char *server_name);

/**
 * Returns the seconds since the start of 1970 (UTC), or a negative number while the time is
 * unknown. Handshakes that need the time then fail. It is called in the same way as a
 * `ww_verifier`.
 */
typedef int64_t (*ww_clock)(void *context);

/**
 * The settings of a client. For every field, 0 is the default, so begin with `{.size =
 * sizeof(ww_client_settings)}`. Everything that the settings point to is copied.
 */
typedef struct ww_client_settings {
  /**
   * `sizeof(ww_client_settings)`.
   */
  size_t size;
  /**
   * Whom to trust, as a `ww_roots`. Default: `WW_ROOTS_WEBPKI`.
   */
  int32_t roots;
  /**
   * `WW_TLS12`, `WW_TLS13`, or both combined. Default: both.
   */
  uint32_t versions;
  /**
   * The roots for `WW_ROOTS_PEM` and `WW_ROOTS_WEBPKI_AND_PEM`.
   */
  struct ww_pem roots_pem;
  /**
   * The verifier for `WW_ROOTS_VERIFIER`.
   */
  ww_verifier verifier;
  /**
   * Passed to the verifier as `context`.
   */
  void *verifier_context;
  /**
   * Application protocols (ALPN) in order of preference: an array of strings that ends with
   * NULL. Default: NULL, none.
   */
  const char *const *alpn;
  /**
   * The client's certificate and its intermediates, for servers that request one.
   */
  struct ww_pem certificates;
  /**
   * The private key of that certificate.
   */
  struct ww_pem private_key;
  /**
   * A file to which the secrets of all connections are appended (SSLKEYLOGFILE), for debugging.
   * Anyone who can read it can decrypt the connections.
   */
  const char *key_log_file;
  /**
   * How many servers' sessions to keep for resumption, at most 1,048,576; a negative number
   * keeps none. Memory for all of them is allocated at once. Default: 256.
   */
  int32_t session_cache;
  /**
   * The clock. Default: the system's.
   */
  ww_clock clock;
  /**
   * Passed to the clock as `context`.
   */
  void *clock_context;
} ww_client_settings;

/**
 * The reason for a failure. The struct owns nothing that must be freed.
 */
typedef struct ww_error {
  /**
   * The status; `WW_OK` if there was no error.
   */
  enum ww_status status;
  /**
   * Who is at fault.
   */
  enum ww_fault fault;
  /**
   * The alert (RFC 9846, section 6.2): with `WW_ERROR_PEER_ALERT`, the alert that the peer sent;
   * otherwise the alert that is sent to the peer. -1 if there is none, or if it is unknown.
   */
  int32_t alert;
  /**
   * A complete description in English, for logs, terminated by a zero byte.
   */
  char text[WW_ERROR_TEXT_LEN];
} ww_error;

/**
 * The settings of a server. For every field except the certificate and its key, 0 is the default,
 * so begin with `{.size = sizeof(ww_server_settings)}`. Everything that the settings point to is
 * copied.
 */
typedef struct ww_server_settings {
  /**
   * `sizeof(ww_server_settings)`.
   */
  size_t size;
  /**
   * Whether to request client certificates, as a `ww_client_auth`. Default: no.
   */
  int32_t client_auth;
  /**
   * `WW_TLS12`, `WW_TLS13`, or both combined. Default: both.
   */
  uint32_t versions;
  /**
   * The server's certificate and its intermediates. Required.
   */
  struct ww_pem certificates;
  /**
   * The private key of that certificate. Required.
   */
  struct ww_pem private_key;
  /**
   * The roots that client certificates must chain to. Set this or `verifier`.
   */
  struct ww_pem client_roots_pem;
  /**
   * Decides about client certificates. Set this or `client_roots_pem`.
   */
  ww_verifier verifier;
  /**
   * Passed to the verifier as `context`.
   */
  void *verifier_context;
  /**
   * Application protocols (ALPN) in order of preference: an array of strings that ends with
   * NULL. Default: NULL, none.
   */
  const char *const *alpn;
  /**
   * A file to which the secrets of all connections are appended (SSLKEYLOGFILE), for debugging.
   * Anyone who can read it can decrypt the connections.
   */
  const char *key_log_file;
  /**
   * How many sessions to keep for resumption, at most 1,048,576; a negative number keeps none
   * and sends no tickets. Each TLS 1.3 connection adds two. Memory for all of them is allocated
   * at once. Default: 256.
   */
  int32_t session_cache;
  /**
   * Stores sessions in encrypted tickets at the clients, instead of here. The key that encrypts
   * the tickets changes every six hours.
   */
  int32_t stateless_tickets;
  /**
   * The clock. Default: the system's.
   */
  ww_clock clock;
  /**
   * Passed to the clock as `context`.
   */
  void *clock_context;
} ww_server_settings;

/**
 * The settings of a connection, a `ww_writer` or a `ww_reader`. For every field, 0 is the default,
 * so begin with `{.size = sizeof(ww_connection_settings)}`. A switch is on if it is not 0.
 */
typedef struct ww_connection_settings {
  /**
   * `sizeof(ww_connection_settings)`.
   */
  size_t size;
  /**
   * The plaintext capacity of the outbound buffer, rounded up to a multiple of 16 KiB; at most 1
   * GiB. Default: 64 KiB.
   */
  size_t write_capacity;
  /**
   * How many bytes from the transport are held at most: 18,437 (one record of maximum size) to 1
   * GiB. Default: two such records.
   */
  size_t read_capacity;
  /**
   * Hard limit on the content of a record: 64 to 16,384 bytes. Default: 16,384.
   */
  size_t max_fragment_len;
  /**
   * Preferred record size: at most this many bytes of content. Default: as large as possible.
   */
  size_t record_len;
  /**
   * Pads TLS 1.3 records to a multiple of this. Default: no padding.
   */
  size_t padding_multiple;
  /**
   * Memory that connections share, so that idle ones hold no buffers. The connection keeps the
   * pool alive: you may free your handle. Default: NULL, no pool.
   */
  const struct ww_pool *pool;
  /**
   * Releases buffers as soon as they are empty, instead of keeping them for reuse.
   */
  int32_t release_buffers;
  /**
   * Ends the record after every write. Otherwise, while bytes are pending, later writes may
   * share it.
   */
  int32_t no_coalescing;
  /**
   * Keeps the exporter secret, which `ww_export` needs.
   */
  int32_t exporter;
  /**
   * In TLS 1.2, closes our half when the peer's close_notify arrives (RFC 5246, section 7.2.1).
   */
  int32_t tls12_close_answers;
  /**
   * As a server, keeps records as short as a client requests.
   */
  int32_t peer_size_limits;
  /**
   * Must be 0. Reserved for future use.
   */
  int32_t reserved;
} ww_connection_settings;

/**
 * The keys of one direction: a TLS 1.3 traffic secret, whose keys can be updated, or a key and its
 * IV, which cannot. Begin with `{.size = sizeof(ww_keys)}`. What the pointers refer to is copied:
 * wipe your own copy.
 *
 * Never create two writers with the same key, or one writer twice with the same `seq`: that
 * reveals the plaintext and the key.
 */
typedef struct ww_keys {
  /**
   * `sizeof(ww_keys)`.
   */
  size_t size;
  /**
   * The number of the cipher suite (IANA), such as 0x1301.
   */
  uint16_t suite;
  /**
   * A traffic secret (RFC 9846, section 7.1), or NULL.
   */
  const uint8_t *secret;
  /**
   * Its length, which is that of the suite's hash.
   */
  size_t secret_len;
  /**
   * How many times the secret has been updated.
   */
  uint64_t generation;
  /**
   * A key, if `secret` is NULL.
   */
  const uint8_t *key;
  /**
   * Its length, which is that of the suite's AEAD key.
   */
  size_t key_len;
  /**
   * `WW_IV_LEN` bytes, if `secret` is NULL. For AES-GCM in TLS 1.2: the 4-byte salt, then 8
   * bytes that are XORed with the sequence number to form the explicit nonce.
   */
  const uint8_t *iv;
  /**
   * The sequence number of the next record.
   */
  uint64_t seq;
} ww_keys;

/**
 * What a connection or a writer has done so far.
 */
typedef struct ww_counts {
  /**
   * Plaintext bytes accepted.
   */
  uint64_t accepted;
  /**
   * Wire bytes drained.
   */
  uint64_t drained;
  /**
   * Plaintext bytes whose records have been drained completely. Once this reaches an earlier
   * value of `accepted`, everything accepted until then has been drained.
   */
  uint64_t drained_plaintext;
  /**
   * Application data records sealed.
   */
  uint64_t records;
  /**
   * KeyUpdates sealed.
   */
  uint64_t key_updates;
} ww_counts;

/**
 * Memory to write: `len` bytes at `data`. `data` is NULL if there is no memory.
 */
typedef struct ww_memory {
  /**
   * The first byte.
   */
  uint8_t *data;
  /**
   * How many bytes.
   */
  size_t len;
} ww_memory;

/**
 * A step of the driver.
 */
typedef struct ww_step {
  /**
   * What to do.
   */
  enum ww_step_kind kind;
  /**
   * With `WW_ERROR_TRANSPORT`: the number that you reported.
   */
  int32_t transport_error;
  /**
   * With `WW_STEP_WRITE` from `ww_next`: the bytes, at least one.
   */
  struct ww_span out;
  /**
   * With `WW_STEP_READ`: the memory, at least one byte.
   */
  struct ww_memory in;
  /**
   * With `WW_ERROR_STILL_SENDING` and `WW_ERROR_GAVE_UP`: how many bytes were discarded.
   */
  uint64_t discarded;
} ww_step;

/**
 * What a record contained besides plaintext.
 */
typedef struct ww_events {
  /**
   * Not 0 if the peer has updated its key: tell the writer with `ww_writer_on_key_update`.
   */
  int32_t key_update;
  /**
   * Not 0 if the peer asks for our KeyUpdate in return.
   */
  int32_t key_update_requested;
  /**
   * The number of session tickets, which are not stored.
   */
  uint32_t tickets;
  /**
   * TLS 1.2: how many times the peer has asked to renegotiate.
   */
  uint32_t renegotiation_requests;
} ww_events;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Returns the meaning of a status, in a few words; never NULL. The string is static.
 */
const char *ww_status_text(int32_t status);

/**
 * Creates a client configuration. `settings` (for the defaults) and `error` may be NULL.
 */
enum ww_status ww_client_config_new(const struct ww_client_settings *settings,
                                    struct ww_client_config **config,
                                    struct ww_error *error);

/**
 * Returns another handle of the same configuration, which must be freed separately. Returns NULL
 * for NULL.
 */
struct ww_client_config *ww_client_config_clone(const struct ww_client_config *config);

/**
 * Frees a handle. Connections keep what they use.
 */
void ww_client_config_free(struct ww_client_config *config);

/**
 * Creates a server configuration. `error` may be NULL.
 */
enum ww_status ww_server_config_new(const struct ww_server_settings *settings,
                                    struct ww_server_config **config,
                                    struct ww_error *error);

/**
 * Returns another handle of the same configuration, which must be freed separately. Returns NULL
 * for NULL.
 */
struct ww_server_config *ww_server_config_clone(const struct ww_server_config *config);

/**
 * Frees a handle. Connections keep what they use.
 */
void ww_server_config_free(struct ww_server_config *config);

/**
 * Creates a pool that keeps at most `max_segments` segments of 16.4 KiB, and as much memory for
 * input. A small pool is enough: it holds only memory that no connection is using.
 */
enum ww_status ww_pool_new(size_t max_segments, struct ww_pool **pool);

/**
 * Frees your handle. Connections and chunks keep what they use.
 */
void ww_pool_free(struct ww_pool *pool);

/**
 * Creates a client for `server_name`, a DNS name or an IP address as a string. Its first flight is
 * ready to drain. `settings` (for the defaults) and `error` may be NULL.
 */
enum ww_status ww_connection_new_client(const struct ww_client_config *config,
                                        const char *server_name,
                                        const struct ww_connection_settings *settings,
                                        struct ww_connection **connection,
                                        struct ww_error *error);

/**
 * Creates a server that waits for a client's first flight. `settings` (for the defaults) and
 * `error` may be NULL.
 */
enum ww_status ww_connection_new_server(const struct ww_server_config *config,
                                        const struct ww_connection_settings *settings,
                                        struct ww_connection **connection,
                                        struct ww_error *error);

/**
 * Creates a connection from a handshake that you have performed yourself, with the keys of both
 * directions, which must use the same suite. Unlike a separate `ww_writer` and `ww_reader`, it
 * needs no help from you: it answers KeyUpdates and sends alerts. `is_server` is not 0 if we are
 * the server. The connection knows nothing of the handshake except version and suite. `settings`
 * (for the defaults) and `error` may be NULL.
 */
enum ww_status ww_connection_new_from_keys(const struct ww_keys *write,
                                           const struct ww_keys *read,
                                           int32_t is_server,
                                           const struct ww_connection_settings *settings,
                                           struct ww_connection **connection,
                                           struct ww_error *error);

/**
 * Frees a connection. Bytes that were not drained are lost; chunks that you have taken remain
 * valid.
 */
void ww_connection_free(struct ww_connection *connection);

/**
 * Stores in `error` why the connection has failed, with status `WW_OK` if it has not. A failure is
 * permanent. The returned status concerns only this call. If a panic was caught on the connection,
 * both statuses are `WW_ERROR_PANIC`.
 */
enum ww_status ww_connection_error(const struct ww_connection *connection, struct ww_error *error);

/**
 * Releases all memory that is empty or can be recreated. Use it for a connection that will be
 * idle.
 */
enum ww_status ww_shrink(struct ww_connection *connection);

/**
 * Returns what must happen for the connection to continue, as a combination of `WW_WANTS_...`.
 * Each is a level: it stays set until its reason is gone. 0 means that the connection waits for
 * you, or is over.
 */
uint32_t ww_wants(const struct ww_connection *connection);

/**
 * Returns exactly how many bytes `ww_write` accepts now.
 */
size_t ww_room(const struct ww_connection *connection);

/**
 * Returns exactly how many wire bytes result from writing `n` more bytes now and flushing. Returns
 * `SIZE_MAX` for more than 1 GiB, and 0 unless our half is open.
 */
size_t ww_wire_len(const struct ww_connection *connection, size_t n);

/**
 * Returns the state of our writing half; failed for NULL.
 */
enum ww_writing ww_writing_state(const struct ww_connection *connection);

/**
 * Returns the state of our reading half; failed for NULL.
 */
enum ww_reading ww_reading_state(const struct ww_connection *connection);

/**
 * Returns the state of the outbound buffer; empty for NULL.
 */
enum ww_buffer ww_buffer_state(const struct ww_connection *connection);

/**
 * Stores what the connection has done so far.
 */
enum ww_status ww_progress(const struct ww_connection *connection, struct ww_counts *progress);

/**
 * Returns how many bytes of buffer memory the connection holds now, in use or kept for reuse.
 */
size_t ww_memory_held(const struct ww_connection *connection);

/**
 * Accepts as many of the bytes, from the start, as fit, and stores the count in `accepted`. It is
 * 0 during the handshake and while the buffer is full; neither is an error. Never resubmit
 * accepted bytes: they belong to the connection. If the connection fails, they are not sent.
 *
 * Errors: `WW_ERROR_CLOSED`, `WW_ERROR_KEY_LIMIT`, `WW_ERROR_FAILED`.
 */
enum ww_status ww_write(struct ww_connection *connection,
                        const void *buf,
                        size_t len,
                        size_t *accepted);

/**
 * Like `ww_write`, for `count` pieces as if they were contiguous.
 */
enum ww_status ww_writev(struct ww_connection *connection,
                         const struct iovec *iov,
                         size_t count,
                         size_t *accepted);

/**
 * Accepts all of the bytes, or none. If they do not fit, it returns `WW_ERROR_NO_ROOM`, or
 * `WW_ERROR_NEGOTIATING` during the handshake, and changes nothing. It never accepts more than
 * fits into the empty buffer.
 */
enum ww_status ww_write_atomic(struct ww_connection *connection, const void *buf, size_t len);

/**
 * Combines `ww_write_atomic` and `ww_close`: adds close_notify without waiting for a drain.
 */
enum ww_status ww_write_and_close(struct ww_connection *connection, const void *buf, size_t len);

/**
 * Lends the free memory of the current record, where plaintext is sealed without a copy: fill it
 * from the start, then call `ww_slot_commit`. Empty if there is no room. Its initial contents are
 * unspecified.
 *
 * It remains valid longer than other spans: until `ww_slot_commit`, a call that writes, flushes,
 * closes, aborts or frees, a failure of the connection, or the peer's close_notify if
 * `tls12_close_answers` is set. Calls that process input can find the last two: while something
 * else fills the slot, such as a read in progress, do not call `ww_process`, `ww_read` or
 * `ww_next`. You can drain in the meantime. A repeated call lends the same memory.
 */
enum ww_status ww_slot(struct ww_connection *connection, struct ww_memory *slot);

/**
 * Accepts the first `n` bytes of the slot as if they had been written. If that is more than was
 * lent, it returns `WW_ERROR_OVERRUN` and changes nothing.
 */
enum ww_status ww_slot_commit(struct ww_connection *connection, size_t n);

/**
 * Seals the current record, so that everything accepted so far can be drained without waiting for
 * more. Use it only if bytes are pending that must not share a record with later ones.
 */
enum ww_status ww_flush(struct ww_connection *connection);

/**
 * Seals the current record and close_notify, which ends our half. Nothing accepted is lost if you
 * drain it all, and read to the peer's end before you close a socket. A repeated call changes
 * nothing. During the handshake, it abandons the connection without an alert.
 */
enum ww_status ww_close(struct ww_connection *connection);

/**
 * Ends both halves with a fatal alert (RFC 9846, section 6.2), which you must drain. Plaintext
 * that was not read or not sealed is wiped. For 0 (close_notify) and 90 (user_canceled), which do
 * not signal an error, 80 (internal_error) is sent instead.
 *
 * During the handshake, the alert is sent only while our output is unprotected. In TLS 1.3, this
 * means until a client has the ServerHello, or until a server has sent it; in TLS 1.2, until our
 * change_cipher_spec. Later, the connection ends without an alert.
 */
enum ww_status ww_abort(struct ww_connection *connection, uint8_t alert);

/**
 * Updates our key (TLS 1.3): the KeyUpdate precedes the next record. If `request_peer` is not 0,
 * the peer is asked to update its key too. Returns `WW_ERROR_NO_KEY_UPDATE` in TLS 1.2. The
 * connection also updates keys automatically, before they reach their limits.
 */
enum ww_status ww_update_keys(struct ww_connection *connection, int32_t request_peer);

/**
 * Returns the first pending bytes, as many as are contiguous; empty if none are pending. Give the
 * transport some of them, from the start, then call `ww_out_advance`. If no sealed bytes are
 * pending, this seals the current record first.
 */
enum ww_status ww_out(struct ww_connection *connection, struct ww_span *span);

/**
 * Returns all pending sealed bytes, as far as `count` pieces suffice, for `writev`. `filled` is
 * the number of pieces that were set.
 */
enum ww_status ww_out_iov(struct ww_connection *connection,
                          struct iovec *iov,
                          size_t count,
                          size_t *filled);

/**
 * Reports that the transport has taken the first `n` bytes. If that is more than are pending, it
 * returns `WW_ERROR_OVERRUN` and changes nothing.
 */
enum ww_status ww_out_advance(struct ww_connection *connection, size_t n);

/**
 * Takes out the first pending bytes as a chunk that you own, at most `max` bytes; fewer if they
 * are not contiguous. `chunk` is NULL if nothing is pending. The bytes count as drained, so you
 * must put back what you do not send.
 */
enum ww_status ww_out_take(struct ww_connection *connection, size_t max, struct ww_chunk **chunk);

/**
 * Puts back the chunk that was taken last, so that its bytes are pending again, before all others,
 * and count against the capacity. Put several chunks back in reverse order. With `WW_OK` the chunk
 * is freed; with an error it is still yours. After a fatal alert from the peer nothing may be sent
 * any more, so the chunk is only freed.
 *
 * Returns `WW_ERROR_PUT_BACK` if the chunk is not the one that was taken last from this
 * connection, if more has been drained since, or if a capacity's worth of later bytes has been
 * taken and new records have been sealed since. In the last case, the chunks before it cannot be
 * put back either: send them and this one, in the order in which they were taken, before anything
 * that `ww_out` returns.
 */
enum ww_status ww_put_back(struct ww_connection *connection, struct ww_chunk *chunk);

/**
 * Returns its bytes. The span is valid until `ww_chunk_free` or `ww_put_back`, even if the
 * connection is freed.
 */
enum ww_status ww_chunk_span(const struct ww_chunk *chunk, struct ww_span *span);

/**
 * Returns how many wire bytes of the connection precede it.
 */
uint64_t ww_chunk_offset(const struct ww_chunk *chunk);

/**
 * Reports that the transport has taken its first `n` bytes.
 */
enum ww_status ww_chunk_advance(struct ww_chunk *chunk, size_t n);

/**
 * Frees a chunk. Bytes that were not sent are lost; use `ww_put_back` to keep them.
 */
void ww_chunk_free(struct ww_chunk *chunk);

/**
 * Lends memory for the transport's next bytes: fill it from the start, then call `ww_in_commit`.
 *
 * It is empty (NULL) while the buffer is full, and once nothing more will be read; `ww_wants`
 * says the same. Do not read in that case: a read into empty memory returns 0, which looks like
 * an end.
 *
 * It remains valid longer than other spans: until `ww_in_commit`, `ww_receive`, a failure of the
 * connection, `ww_next` or `ww_connection_free`. All other calls are allowed in the meantime. A
 * repeated call lends the same memory.
 */
enum ww_status ww_in(struct ww_connection *connection, struct ww_memory *memory);

/**
 * Reports that the first `n` bytes of the lent memory are filled; then call `ww_process`. If that
 * is more than was lent, it returns `WW_ERROR_OVERRUN` and changes nothing. 0 only ends the loan:
 * to report the end of the transport, call `ww_in_end`.
 */
enum ww_status ww_in_commit(struct ww_connection *connection, size_t n);

/**
 * Copies as many of the bytes as fit and stores the count in `taken`; then call `ww_process`. Use
 * it for bytes that are already in your own memory. For example, bytes that arrived after STARTTLS
 * are the start of the handshake. Once reading has ended, all bytes are taken and ignored.
 */
enum ww_status ww_receive(struct ww_connection *connection,
                          const void *wire,
                          size_t len,
                          size_t *taken);

/**
 * Reports the end of the transport: a read has returned 0. Input that is held is still processed.
 * What follows it is `WW_ERROR_TRUNCATED`, unless the peer has sent close_notify.
 */
enum ww_status ww_in_end(struct ww_connection *connection);

/**
 * Processes input as far as possible: continues the handshake, opens records until one has
 * plaintext to consume, answers KeyUpdates, and stores tickets. Without input it changes nothing.
 * Its answers are pending and must be drained.
 *
 * Errors: the reason why the connection has failed, which every later call returns again. If the
 * peer must be told, the alert is pending. After the handshake, `WW_ERROR_TRUNCATED` is not a
 * failure: this returns it once, and you can still write.
 */
enum ww_status ww_process(struct ww_connection *connection);

/**
 * Returns the plaintext of the record that was opened last, at most 16,384 bytes. If it is empty,
 * `ww_process` may find more.
 */
enum ww_status ww_plaintext(const struct ww_connection *connection, struct ww_span *span);

/**
 * Removes the first `n` bytes of the plaintext. If that is more than there are, it returns
 * `WW_ERROR_OVERRUN` and changes nothing.
 */
enum ww_status ww_consume(struct ww_connection *connection, size_t n);

/**
 * Copies plaintext into `buf`, and processes input as needed: combines `ww_process`,
 * `ww_plaintext` and `ww_consume`. `WW_OK` with a `count` of 0 means that more input is needed, or
 * that the peer has closed; `ww_reading_state` says which. The errors are those of `ww_process`,
 * but `WW_ERROR_TRUNCATED` is returned every time. Plaintext that was copied before an error is
 * returned first, and the next call returns the error.
 */
enum ww_status ww_read(struct ww_connection *connection, void *buf, size_t len, size_t *count);

/**
 * Returns the protocol version, 0x0304 for TLS 1.3 and 0x0303 for TLS 1.2; 0 until the handshake
 * is complete.
 */
uint16_t ww_version(const struct ww_connection *connection);

/**
 * Returns the number of the cipher suite (IANA); 0 until the handshake is complete.
 */
uint16_t ww_cipher_suite(const struct ww_connection *connection);

/**
 * Returns the number of the key exchange group (IANA); 0 until the handshake is complete, and for
 * a resumption without a new key exchange.
 */
uint16_t ww_key_exchange_group(const struct ww_connection *connection);

/**
 * Returns the kind of the handshake, once it is complete.
 */
enum ww_handshake ww_handshake_kind(const struct ww_connection *connection);

/**
 * Returns the application protocol that was negotiated (ALPN), once the handshake is complete;
 * empty if there is none. The span is valid until the next non-`const` call on the connection.
 */
enum ww_status ww_alpn(const struct ww_connection *connection, struct ww_span *protocol);

/**
 * Returns the name that the client asked for (SNI), on a server, once the handshake is complete;
 * empty if there is none. It does not end with a zero byte. The span is valid until the next
 * non-`const` call on the connection.
 */
enum ww_status ww_server_name(const struct ww_connection *connection, struct ww_span *name);

/**
 * Returns the peer's certificate number `index` as DER, once the handshake is complete. Number 0
 * is the peer's own; after the last one, the span is empty. It is valid until the next non-`const`
 * call on the connection.
 */
enum ww_status ww_peer_certificate(const struct ww_connection *connection,
                                   size_t index,
                                   struct ww_span *certificate);

/**
 * Fills `out` with keying material for another protocol (RFC 9846, section 7.5; RFC 5705). Both
 * peers, and no one else, get the same bytes for the same label, context and length. `context` may
 * be NULL for none, which differs from an empty context in TLS 1.2. Requires the setting
 * `exporter`. After an error, `out` is all zeros, or untouched.
 */
enum ww_status ww_export(const struct ww_connection *connection,
                         void *out,
                         size_t out_len,
                         const void *label,
                         size_t label_len,
                         const void *context,
                         size_t context_len);

/**
 * Returns what to do next for `goal`, a `ww_goal`. Do it, report it, and call this again, until it
 * returns `WW_STEP_DONE`. You can switch to another goal at any time: nothing is lost or repeated,
 * and a step that you have not reported is returned again.
 *
 * Errors: why the goal cannot be reached. Another call tries again.
 */
enum ww_status ww_next(struct ww_connection *connection, int32_t goal, struct ww_step *step);

/**
 * Like `ww_next`, but returns the bytes of `WW_STEP_WRITE` in pieces, for `writev`: at most
 * `count`, and at most 64. `filled` is the number of pieces that were set.
 */
enum ww_status ww_next_iov(struct ww_connection *connection,
                           int32_t goal,
                           struct ww_step *step,
                           struct iovec *iov,
                           size_t count,
                           size_t *filled);

/**
 * Like `ww_next`, for a goal beyond `WW_GOAL_CLOSE`: the peer has ended as well. What it still
 * sends, at most `max` bytes, is discarded. Use it before you close a socket: if that has unread
 * input, the system resets the connection, and the peer loses what it has not read.
 */
enum ww_status ww_next_linger(struct ww_connection *connection, uint64_t max, struct ww_step *step);

/**
 * Reports that the transport took `n` of the bytes of `WW_STEP_WRITE`; 0 means that it accepts no
 * more.
 */
enum ww_status ww_wrote(struct ww_connection *connection, size_t n);

/**
 * Reports that the transport stored `n` bytes in the memory of `WW_STEP_READ`; 0 means that it has
 * ended.
 */
enum ww_status ww_got(struct ww_connection *connection, size_t n);

/**
 * Reports that the transport has flushed its own buffer, as `WW_STEP_FLUSH` asked.
 */
enum ww_status ww_flushed(struct ww_connection *connection);

/**
 * Reports that the transport could not do the last step now (`EAGAIN`), and moved no bytes. The
 * driver continues with anything else that can be done for the goal; otherwise with
 * `WW_STEP_BLOCKED`.
 */
enum ww_status ww_blocked(struct ww_connection *connection);

/**
 * Reports that the transport failed at the last step, and moved no bytes. `far_end` is a
 * `ww_far_end`. `transport_error` is a number that you choose, such as `errno`; `ww_step` returns
 * it.
 */
enum ww_status ww_transport_failed(struct ww_connection *connection,
                                   int32_t far_end,
                                   int32_t transport_error);

/**
 * Reports that you no longer want to wait for the read (`WW_STEP_READ`) of `ww_next_linger`.
 */
enum ww_status ww_gave_up(struct ww_connection *connection);

/**
 * Creates a writer with an empty buffer. Of the settings, only those for writing apply. `settings`
 * (for the defaults) and `error` may be NULL.
 */
enum ww_status ww_writer_new(const struct ww_keys *keys,
                             const struct ww_connection_settings *settings,
                             struct ww_writer **writer,
                             struct ww_error *error);

/**
 * Frees a writer.
 */
void ww_writer_free(struct ww_writer *writer);

/**
 * Like `ww_write`.
 */
enum ww_status ww_writer_write(struct ww_writer *writer,
                               const void *buf,
                               size_t len,
                               size_t *accepted);

/**
 * Like `ww_writev`.
 */
enum ww_status ww_writer_writev(struct ww_writer *writer,
                                const struct iovec *iov,
                                size_t count,
                                size_t *accepted);

/**
 * Like `ww_write_atomic`.
 */
enum ww_status ww_writer_write_atomic(struct ww_writer *writer, const void *buf, size_t len);

/**
 * Like `ww_slot`. `ww_writer_fail` ends the loan, too.
 */
enum ww_status ww_writer_slot(struct ww_writer *writer, struct ww_memory *slot);

/**
 * Like `ww_slot_commit`.
 */
enum ww_status ww_writer_slot_commit(struct ww_writer *writer, size_t n);

/**
 * Like `ww_flush`.
 */
enum ww_status ww_writer_flush(struct ww_writer *writer);

/**
 * Like `ww_close`.
 */
enum ww_status ww_writer_close(struct ww_writer *writer);

/**
 * Like `ww_abort`.
 */
enum ww_status ww_writer_abort(struct ww_writer *writer, uint8_t alert);

/**
 * Like `ww_update_keys`. Keys that do not come from a secret cannot be updated. Returns
 * `WW_ERROR_KEY_LIMIT` if the key must not even seal the KeyUpdate.
 */
enum ww_status ww_writer_update_keys(struct ww_writer *writer, int32_t request_peer);

/**
 * Reports that the peer has sent a KeyUpdate. `requested` is not 0 if it asks for ours
 * (`ww_events`).
 */
enum ww_status ww_writer_on_key_update(struct ww_writer *writer, int32_t requested);

/**
 * Reports that the reader of the same connection has failed: the alert for the peer is then
 * pending. Does nothing if the reader has not failed. Returns `WW_ERROR_PANIC` if a panic was
 * caught on either; if it was on the reader, use `ww_writer_abort`.
 */
enum ww_status ww_writer_fail(struct ww_writer *writer, const struct ww_reader *reader);

/**
 * Like `ww_out`.
 */
enum ww_status ww_writer_out(struct ww_writer *writer, struct ww_span *span);

/**
 * Like `ww_out_iov`.
 */
enum ww_status ww_writer_out_iov(struct ww_writer *writer,
                                 struct iovec *iov,
                                 size_t count,
                                 size_t *filled);

/**
 * Like `ww_out_advance`.
 */
enum ww_status ww_writer_out_advance(struct ww_writer *writer, size_t n);

/**
 * Like `ww_out_take`.
 */
enum ww_status ww_writer_out_take(struct ww_writer *writer, size_t max, struct ww_chunk **chunk);

/**
 * Like `ww_put_back`.
 */
enum ww_status ww_writer_put_back(struct ww_writer *writer, struct ww_chunk *chunk);

/**
 * Like `ww_room`.
 */
size_t ww_writer_room(const struct ww_writer *writer);

/**
 * Like `ww_wire_len`.
 */
size_t ww_writer_wire_len(const struct ww_writer *writer, size_t n);

/**
 * Returns whether `ww_writer_out` would return bytes.
 */
bool ww_writer_wants_drain(const struct ww_writer *writer);

/**
 * Like `ww_writing_state`.
 */
enum ww_writing ww_writer_state(const struct ww_writer *writer);

/**
 * Like `ww_progress`.
 */
enum ww_status ww_writer_progress(const struct ww_writer *writer, struct ww_counts *progress);

/**
 * Like `ww_connection_error`.
 */
enum ww_status ww_writer_error(const struct ww_writer *writer, struct ww_error *error);

/**
 * Creates a reader with an empty buffer. `is_server` is not 0 if we are the server. Of the
 * settings, only those for reading apply. `settings` (for the defaults) and `error` may be NULL.
 */
enum ww_status ww_reader_new(const struct ww_keys *keys,
                             int32_t is_server,
                             const struct ww_connection_settings *settings,
                             struct ww_reader **reader,
                             struct ww_error *error);

/**
 * Frees a reader.
 */
void ww_reader_free(struct ww_reader *reader);

/**
 * Like `ww_in`.
 */
enum ww_status ww_reader_in(struct ww_reader *reader, struct ww_memory *memory);

/**
 * Like `ww_in_commit`.
 */
enum ww_status ww_reader_in_commit(struct ww_reader *reader, size_t n);

/**
 * Like `ww_receive`.
 */
enum ww_status ww_reader_receive(struct ww_reader *reader,
                                 const void *wire,
                                 size_t len,
                                 size_t *taken);

/**
 * Like `ww_in_end`.
 */
enum ww_status ww_reader_in_end(struct ww_reader *reader);

/**
 * Opens records until one has plaintext to consume or sets something in `events`, or until more
 * input is needed or the peer has closed. The errors are those of `ww_process`.
 */
enum ww_status ww_reader_process(struct ww_reader *reader, struct ww_events *events);

/**
 * Like `ww_plaintext`.
 */
enum ww_status ww_reader_plaintext(const struct ww_reader *reader, struct ww_span *span);

/**
 * Like `ww_consume`.
 */
enum ww_status ww_reader_consume(struct ww_reader *reader, size_t n);

/**
 * Reports the records that the writer of the same connection has sealed. They earn the peer
 * credit, as data from the peer does. Call this now and then if you mostly write. Returns
 * `WW_ERROR_PANIC` if a panic was caught on either.
 */
enum ww_status ww_reader_on_sealed(struct ww_reader *reader, const struct ww_writer *writer);

/**
 * Returns `WW_WANTS_INPUT` and `WW_WANTS_PROCESS`, as `ww_wants` does.
 */
uint32_t ww_reader_wants(const struct ww_reader *reader);

/**
 * Like `ww_reading_state`.
 */
enum ww_reading ww_reader_state(const struct ww_reader *reader);

/**
 * Like `ww_connection_error`.
 */
enum ww_status ww_reader_error(const struct ww_reader *reader, struct ww_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* WANTWRITE_H */
