/**
 * @file wantwrite.h
 * TLS without I/O, as buffer states.
 *
 * You own the socket and the loop. A connection takes plaintext and gives sealed bytes, takes bytes
 * from the transport and gives plaintext, and says at any time what it waits for:
 *
 *     plaintext --ww_write / ww_slot--> [records] --ww_out, ww_out_advance--> transport
 *     transport --ww_in, ww_in_commit, ww_process--> [plaintext] --ww_consume--> you
 *
 * The rules, for all functions:
 *
 * - **Spans.** A span that a call gives is valid until the next call on its object that does not
 *   take it `const`. `ww_slot`, `ww_in` and `ww_chunk_span` say where it is longer.
 * - **Counts.** What a call gives through a pointer is set on errors too: a count says how many
 *   bytes were taken, also by a call that failed.
 * - **Full is not an error.** `ww_write` takes as much as there is room, 0 included. What it took
 *   is the connection's: never offer it again. `ww_room` says beforehand how much that is.
 * - **Levels.** `ww_wants` and the states can be asked at any time, and are never "used up".
 * - **Errors.** A function returns what its own call ended with: there is no error queue, and
 *   nothing hidden in a thread. What a call could not do changes nothing, unless the connection
 *   has failed: that is sticky, and `ww_connection_error` says why.
 * - **NULL** is an error (`WW_ERROR_NULL`), never a crash. What returns a value instead of a status
 *   returns 0 for NULL. Bytes with a length of 0 may be NULL.
 * - **Freeing.** What a `_new` gives is freed by its `_free`, which takes NULL. Freed objects must
 *   not be used again.
 * - **Threads.** One thread at a time may use an object, and it may move between threads. A
 *   configuration and a pool may be used by any number of threads at once.
 * - **Callbacks.** There are none, but for a verifier of certificates and a clock if you set them.
 * - **Faults of the library.** A panic never crosses into your program: the call returns
 *   `WW_ERROR_PANIC`, and so does every later one on the object, which can only be freed.
 * - **Settings** begin with their size, which you set: `{.size = sizeof(ww_client_settings)}`. All
 *   else that is 0 is the default. Numbers are checked: what is out of range is an error.
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
 * Length of `ww_error.text`, with the zero byte at its end.
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
 * Bytes wait to be drained: register for writability, and give the transport what `ww_out`
 * gives.
 */
#define WW_WANTS_DRAIN 1

/**
 * Bytes from the peer can be taken: register for readability, and read into what `ww_in` gives.
 */
#define WW_WANTS_INPUT 2

/**
 * What was taken has something for `ww_process`: call it, without waiting for the transport.
 */
#define WW_WANTS_PROCESS 4

/**
 * Length of an IV.
 */
#define WW_IV_LEN 12

/**
 * What a call ended with. `WW_OK` is 0.
 *
 * Those from `WW_ERROR_FAILED` to `WW_ERROR_KEYS_EXHAUSTED` say that the connection has failed,
 * or (`WW_ERROR_TRUNCATED`) that reading has ended. All others are about one call, and change
 * nothing but what the call's count says.
 */
typedef enum ww_status {
  /**
   * All is well.
   */
  WW_OK = 0,
  /**
   * A pointer that must not be NULL was.
   */
  WW_ERROR_NULL = 1,
  /**
   * A number or a text that is not one of those allowed.
   */
  WW_ERROR_ARGUMENT = 2,
  /**
   * The library has a fault: a panic was caught. The object can only be freed.
   */
  WW_ERROR_PANIC = 3,
  /**
   * The size at the beginning of the settings is not one, or they set what this version of
   * the library does not know.
   */
  WW_ERROR_SETTINGS_SIZE = 4,
  /**
   * A setting is out of its range, or two do not go together.
   */
  WW_ERROR_SETTING = 5,
  /**
   * A file could not be read or opened.
   */
  WW_ERROR_FILE = 6,
  /**
   * PEM that does not decode, or holds nothing of what is needed.
   */
  WW_ERROR_PEM = 7,
  /**
   * A certificate or a key that cannot be used, or that do not belong together.
   */
  WW_ERROR_IDENTITY = 8,
  /**
   * All-or-nothing writing found too little room.
   */
  WW_ERROR_NO_ROOM = 20,
  /**
   * Our half is closed.
   */
  WW_ERROR_CLOSED = 21,
  /**
   * The key may seal no more and cannot be updated. Close.
   */
  WW_ERROR_KEY_LIMIT = 22,
  /**
   * More bytes were claimed than there are. Nothing changed.
   */
  WW_ERROR_OVERRUN = 23,
  /**
   * The protocol version or the keys have no KeyUpdate.
   */
  WW_ERROR_NO_KEY_UPDATE = 24,
  /**
   * The handshake is not over.
   */
  WW_ERROR_NEGOTIATING = 25,
  /**
   * The chunk is not the last one taken of this connection, or more was drained since.
   */
  WW_ERROR_PUT_BACK = 26,
  /**
   * Keying material cannot be exported: `exporter` was not set, TLS 1.2 has no Extended
   * Master Secret, the label is TLS's own, or too much was asked for.
   */
  WW_ERROR_EXPORT = 27,
  /**
   * The transport failed: `ww_step.transport_error` is the number that it was reported with.
   */
  WW_ERROR_TRANSPORT = 40,
  /**
   * The transport took 0 bytes.
   */
  WW_ERROR_WRITE_ZERO = 41,
  /**
   * Lingering found that the peer still sends.
   */
  WW_ERROR_STILL_SENDING = 42,
  /**
   * Lingering was given up.
   */
  WW_ERROR_GAVE_UP = 43,
  /**
   * The connection has failed before: `ww_connection_error` says why.
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
   * The transport ended without the peer's close_notify: what was read may be cut short.
   * After the handshake it is told once, and you can still write.
   */
  WW_ERROR_TRUNCATED = 65,
  /**
   * The connection was aborted, or closed in the handshake.
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
   * Nobody: there is no error.
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
   * The transport, or somebody on it.
   */
  WW_FAULT_TRANSPORT = 3,
  /**
   * This library, or the machine that it runs on.
   */
  WW_FAULT_LIBRARY = 4,
} ww_fault;

/**
 * The life of our writing half.
 */
typedef enum ww_writing {
  /**
   * A fatal fault. What was sealed before it, and the alert, can still be drained.
   */
  WW_WRITING_FAILED = 0,
  /**
   * The handshake is not over: writing accepts 0 bytes.
   */
  WW_WRITING_NEGOTIATING = 1,
  /**
   * Writing accepts as much as there is room.
   */
  WW_WRITING_OPEN = 2,
  /**
   * `ww_close` was called; bytes are left to drain.
   */
  WW_WRITING_CLOSING = 3,
  /**
   * `ww_close` was called, and everything was drained. Do not drop a socket yet: if it has
   * unread input, the system resets it, and the peer loses what it has not read. Read to the
   * peer's end first.
   */
  WW_WRITING_CLOSED = 4,
} ww_writing;

/**
 * The life of our reading half.
 */
typedef enum ww_reading {
  /**
   * A fatal fault.
   */
  WW_READING_FAILED = 0,
  /**
   * The handshake is not over.
   */
  WW_READING_NEGOTIATING = 1,
  /**
   * Plaintext may come.
   */
  WW_READING_OPEN = 2,
  /**
   * The peer's close_notify came: a clean end.
   */
  WW_READING_PEER_CLOSED = 3,
  /**
   * The transport ended without it: what was read may be cut short.
   */
  WW_READING_TRUNCATED = 4,
} ww_reading;

/**
 * What the outbound buffer holds.
 */
typedef enum ww_buffer {
  /**
   * Nothing: there is nothing to drain.
   */
  WW_BUFFER_EMPTY = 0,
  /**
   * Something, and writing would accept more.
   */
  WW_BUFFER_HOLDING = 1,
  /**
   * Writing would accept nothing until bytes are drained.
   */
  WW_BUFFER_FULL = 2,
} ww_buffer;

/**
 * How a handshake went.
 */
typedef enum ww_handshake {
  /**
   * It is not over.
   */
  WW_HANDSHAKE_UNKNOWN = 0,
  /**
   * In full.
   */
  WW_HANDSHAKE_FULL = 1,
  /**
   * In full, after a HelloRetryRequest.
   */
  WW_HANDSHAKE_FULL_WITH_RETRY = 2,
  /**
   * A session was resumed.
   */
  WW_HANDSHAKE_RESUMED = 3,
} ww_handshake;

/**
 * What to do for a goal.
 */
typedef enum ww_step_kind {
  /**
   * The goal is reached; or, on an error, it cannot be.
   */
  WW_STEP_DONE = 0,
  /**
   * Give the transport some of the bytes in `out`, from their beginning; then `ww_wrote`.
   */
  WW_STEP_WRITE = 1,
  /**
   * Let the transport fill the memory `in` from its beginning; then `ww_got`.
   */
  WW_STEP_READ = 2,
  /**
   * Let the transport empty its own buffer, if it has one; then `ww_flushed`.
   */
  WW_STEP_FLUSH = 3,
  /**
   * Nothing, until the transport can do what it could not. Comes only behind `ww_blocked`.
   */
  WW_STEP_BLOCKED = 4,
} ww_step_kind;

/**
 * Whether a server asks clients for certificates.
 */
typedef enum ww_client_auth {
  /**
   * It does not.
   */
  WW_CLIENT_AUTH_NONE = 0,
  /**
   * It does, and takes clients that have none.
   */
  WW_CLIENT_AUTH_OPTIONAL = 1,
  /**
   * It does, and refuses clients that have none.
   */
  WW_CLIENT_AUTH_REQUIRED = 2,
} ww_client_auth;

/**
 * What a failure of the transport says of its other end.
 */
typedef enum ww_far_end {
  /**
   * Nothing.
   */
  WW_FAR_END_UNKNOWN = 0,
  /**
   * It takes nothing more, and a read does not wait (`EPIPE`).
   */
  WW_FAR_END_GONE = 1,
  /**
   * The same, and a read that returned 0 would make it look like an orderly end
   * (`ECONNRESET`).
   */
  WW_FAR_END_RESET = 2,
} ww_far_end;

/**
 * What the driver is to reach. Every goal but `WW_GOAL_OFFER` and `WW_GOAL_FLUSH` finishes the
 * handshake first.
 */
typedef enum ww_goal {
  /**
   * The handshake is over. Our last flight is offered.
   */
  WW_GOAL_HANDSHAKE = 0,
  /**
   * There is plaintext, or the peer has closed: take it with `ww_read`. What waits is offered
   * meanwhile.
   */
  WW_GOAL_READ = 1,
  /**
   * The next `ww_write` or `ww_writev` accepts something, or says why not.
   */
  WW_GOAL_WRITE = 2,
  /**
   * What waits was offered to the transport: ask for it behind reads and writes. It neither
   * waits nor fails.
   */
  WW_GOAL_OFFER = 3,
  /**
   * Everything accepted is with the transport, and out of its own buffer.
   */
  WW_GOAL_FLUSH = 4,
  /**
   * close_notify is with the transport, behind everything accepted.
   */
  WW_GOAL_CLOSE = 5,
} ww_goal;

/**
 * Which certificates of servers a client accepts.
 */
typedef enum ww_roots {
  /**
   * Those that the Mozilla roots vouch for, as this library has them compiled in.
   */
  WW_ROOTS_WEBPKI = 0,
  /**
   * Those that the roots in `roots_pem` vouch for.
   */
  WW_ROOTS_PEM = 1,
  /**
   * Both.
   */
  WW_ROOTS_WEBPKI_AND_PEM = 2,
  /**
   * Those that `verifier` accepts.
   */
  WW_ROOTS_VERIFIER = 3,
  /**
   * Every one: anybody on the way can read and change everything. For tests.
   */
  WW_ROOTS_DANGEROUS_ACCEPT_ANY_CERTIFICATE = 4,
} ww_roots;

/**
 * What a verifier says of a certificate. Every other number is `WW_VERDICT_REFUSED`.
 */
typedef enum ww_verdict {
  /**
   * It is the peer's.
   */
  WW_VERDICT_ACCEPTED = 0,
  /**
   * It is refused; the alert is access_denied.
   */
  WW_VERDICT_REFUSED = 1,
  /**
   * Nobody vouches for it: unknown_ca.
   */
  WW_VERDICT_UNKNOWN_ISSUER = 2,
  /**
   * It has expired: certificate_expired.
   */
  WW_VERDICT_EXPIRED = 3,
  /**
   * It was revoked: certificate_revoked.
   */
  WW_VERDICT_REVOKED = 4,
  /**
   * It is somebody else's: certificate_unknown.
   */
  WW_VERDICT_WRONG_NAME = 5,
  /**
   * It does not decode: bad_certificate.
   */
  WW_VERDICT_MALFORMED = 6,
} ww_verdict;

/**
 * Sealed bytes taken out of a connection, for I/O that keeps its memory until it completes. It
 * may outlive the connection, and be freed on another thread.
 */
typedef struct ww_chunk ww_chunk;

/**
 * What clients are made with. It does not change, is reference counted, and may be used from
 * any number of threads at once: share one, and with it its session cache.
 */
typedef struct ww_client_config ww_client_config;

/**
 * A TLS connection without I/O. One thread at a time may use it; it may move between threads.
 */
typedef struct ww_connection ww_connection;

/**
 * Memory that connections take their buffers from while they are busy. It may be used from any
 * number of threads at once.
 */
typedef struct ww_pool ww_pool;

/**
 * The reading half of a connection whose handshake you have made yourself. Its calls are those
 * of a connection. One thread at a time may use it.
 */
typedef struct ww_reader ww_reader;

/**
 * What servers are made with. It does not change, is reference counted, and may be used from
 * any number of threads at once: share one, and with it its sessions.
 */
typedef struct ww_server_config ww_server_config;

/**
 * The writing half of a connection whose handshake you have made yourself. Its calls are those
 * of a connection. One thread at a time may use it.
 *
 * TLS 1.3 is not safe with a writer alone: a KeyUpdate of the peer obliges the next record, and
 * an alert must stop it. Tell it of both: `ww_writer_on_key_update`, `ww_writer_fail`.
 */
typedef struct ww_writer ww_writer;

/**
 * PEM, in a file (`path`) or in memory (`data` and `len`). All zeros: none. Both: an error.
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
   * How long that is.
   */
  size_t len;
} ww_pem;

/**
 * Bytes to be read: `len` of them at `data`. Without bytes, `data` may be NULL.
 */
typedef struct ww_span {
  /**
   * The first byte.
   */
  const uint8_t *data;
  /**
   * How many there are.
   */
  size_t len;
} ww_span;

/**
 * Whether the peer's certificates are accepted: `count` of them, its own first, as DER, and the
 * name that the client asked for (NULL on a server). It returns a `ww_verdict`. That the peer
 * has the private key is always checked by the library.
 *
 * It is called by whichever call processes the handshake, on that thread; so with a shared
 * configuration on several threads at once. It must return, and must not use the connection.
 */
typedef int32_t (*ww_verifier)(void *context,
                               const struct ww_span *certificates,
                               size_t count,
                               const char *server_name);

/**
 * The seconds since the beginning of 1970 (UTC), or a negative number while they are not known,
 * which fails the handshakes that need them. It is called as a `ww_verifier` is.
 */
typedef int64_t (*ww_clock)(void *context);

/**
 * The settings of a client. 0 is the default of each; so begin with
 * `{.size = sizeof(ww_client_settings)}`. Whatever they point to is copied.
 */
typedef struct ww_client_settings {
  /**
   * `sizeof(ww_client_settings)`.
   */
  size_t size;
  /**
   * Whom to trust: a `ww_roots`. Default: `WW_ROOTS_WEBPKI`.
   */
  int32_t roots;
  /**
   * `WW_TLS12`, `WW_TLS13`, or both of them. Default: both.
   */
  uint32_t versions;
  /**
   * The roots of `WW_ROOTS_PEM` and `WW_ROOTS_WEBPKI_AND_PEM`.
   */
  struct ww_pem roots_pem;
  /**
   * The verifier of `WW_ROOTS_VERIFIER`.
   */
  ww_verifier verifier;
  /**
   * What it is called with.
   */
  void *verifier_context;
  /**
   * Application protocols (ALPN), the most wanted first: an array of texts with NULL at its
   * end. Default: NULL, none.
   */
  const char *const *alpn;
  /**
   * The client's own certificate and those behind it, for servers that ask for one.
   */
  struct ww_pem certificates;
  /**
   * The private key of that certificate.
   */
  struct ww_pem private_key;
  /**
   * A file to which the secrets of all connections are written (SSLKEYLOGFILE). Anyone who
   * can read it can decrypt them: for debugging.
   */
  const char *key_log_file;
  /**
   * How many servers' sessions are kept for resumption; negative: none. Default: 256.
   */
  int32_t session_cache;
  /**
   * The clock. Default: the system's.
   */
  ww_clock clock;
  /**
   * What it is called with.
   */
  void *clock_context;
} ww_client_settings;

/**
 * Why something failed. The memory is yours: nothing of it has to be freed.
 */
typedef struct ww_error {
  /**
   * The number; `WW_OK` if there is no error.
   */
  enum ww_status status;
  /**
   * Who is at fault.
   */
  enum ww_fault fault;
  /**
   * The alert (RFC 9846, section 6.2): with `WW_ERROR_PEER_ALERT` the one that the peer sent,
   * else the one that it is sent. -1 if there is none, or if it is not known.
   */
  int32_t alert;
  /**
   * What happened, for a log: English, complete, with a zero byte at its end.
   */
  char text[WW_ERROR_TEXT_LEN];
} ww_error;

/**
 * The settings of a server. 0 is the default of each; so begin with
 * `{.size = sizeof(ww_server_settings)}`. Whatever they point to is copied.
 */
typedef struct ww_server_settings {
  /**
   * `sizeof(ww_server_settings)`.
   */
  size_t size;
  /**
   * Whether clients are asked for certificates: a `ww_client_auth`. Default: no.
   */
  int32_t client_auth;
  /**
   * `WW_TLS12`, `WW_TLS13`, or both of them. Default: both.
   */
  uint32_t versions;
  /**
   * The server's certificate and those behind it. Must be set.
   */
  struct ww_pem certificates;
  /**
   * The private key of that certificate. Must be set.
   */
  struct ww_pem private_key;
  /**
   * The roots that vouch for clients; or else `verifier`.
   */
  struct ww_pem client_roots_pem;
  /**
   * Decides about clients' certificates; or else `client_roots_pem`.
   */
  ww_verifier verifier;
  /**
   * What it is called with.
   */
  void *verifier_context;
  /**
   * Application protocols (ALPN), the most wanted first: an array of texts with NULL at its
   * end. Default: NULL, none.
   */
  const char *const *alpn;
  /**
   * A file to which the secrets of all connections are written (SSLKEYLOGFILE). Anyone who
   * can read it can decrypt them: for debugging.
   */
  const char *key_log_file;
  /**
   * How many sessions are kept for resumption; negative: none, and no tickets. Default: 256.
   */
  int32_t session_cache;
  /**
   * Sessions are kept by the clients, in encrypted tickets, and not here. The key of the
   * tickets changes every six hours.
   */
  int32_t stateless_tickets;
  /**
   * The clock. Default: the system's.
   */
  ww_clock clock;
  /**
   * What it is called with.
   */
  void *clock_context;
} ww_server_settings;

/**
 * The settings of a connection, of a `ww_writer` and of a `ww_reader`. 0 is the default of
 * each; so begin with `{.size = sizeof(ww_connection_settings)}`. A switch is on if it is not
 * 0.
 */
typedef struct ww_connection_settings {
  /**
   * `sizeof(ww_connection_settings)`.
   */
  size_t size;
  /**
   * How much plaintext the outbound buffer is made for: rounded up to 16 KiB, at most 1 GiB.
   * Default: 64 KiB.
   */
  size_t write_capacity;
  /**
   * How many bytes from the transport may be held: 18,437 (one record of the largest size) to
   * 1 GiB. Default: two such records.
   */
  size_t read_capacity;
  /**
   * Hard cap on the content of a record: 64 to 16,384. Default: 16,384.
   */
  size_t max_fragment_len;
  /**
   * Soft size of records: at most this many bytes of content. Default: as large as possible.
   */
  size_t record_len;
  /**
   * Records of TLS 1.3 are padded to a multiple of this. Default: no padding.
   */
  size_t padding_multiple;
  /**
   * Memory that connections share: those that are idle then hold no buffer. The connection
   * keeps what it needs of it: you may free your handle. Default: NULL, none.
   */
  const struct ww_pool *pool;
  /**
   * Buffers are given back whenever they are empty, instead of kept for reuse.
   */
  int32_t release_buffers;
  /**
   * Every write ends its record, instead of sharing one with those that follow while bytes
   * wait.
   */
  int32_t no_coalescing;
  /**
   * `ww_export` is to work: the exporter secret is kept.
   */
  int32_t exporter;
  /**
   * In TLS 1.2 the peer's close_notify closes our half too (RFC 5246, section 7.2.1).
   */
  int32_t tls12_close_answers;
  /**
   * A server keeps its records as short as a client asks for.
   */
  int32_t peer_size_limits;
  /**
   * Must be 0: it may become something.
   */
  int32_t reserved;
} ww_connection_settings;

/**
 * The keys of one direction: a traffic secret of TLS 1.3, from which keys can be updated; or a
 * key with its IV, which cannot. Begin with `{.size = sizeof(ww_keys)}`. What they point to is
 * copied: wipe yours.
 *
 * Two writers under one key, or one that begins twice with the same `seq`, give away the
 * plaintext and the key: never do that.
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
   * Its length: that of the suite's hash.
   */
  size_t secret_len;
  /**
   * How often it was updated before.
   */
  uint64_t generation;
  /**
   * A key, if there is no secret.
   */
  const uint8_t *key;
  /**
   * Its length: that of the suite's AEAD.
   */
  size_t key_len;
  /**
   * `WW_IV_LEN` bytes, if there is no secret. For AES-GCM in TLS 1.2: the 4-byte salt, then 8
   * bytes that are XORed with the sequence number to make the explicit nonce.
   */
  const uint8_t *iv;
  /**
   * The number of the next record.
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
   * Plaintext bytes whose records have been drained completely. What was accepted up to a
   * moment has left when this has reached the `accepted` of that moment.
   */
  uint64_t drained_plaintext;
  /**
   * Records of application data sealed.
   */
  uint64_t records;
  /**
   * KeyUpdates sealed.
   */
  uint64_t key_updates;
} ww_counts;

/**
 * Memory to be written: `len` bytes at `data`. NULL if there is none.
 */
typedef struct ww_memory {
  /**
   * The first byte.
   */
  uint8_t *data;
  /**
   * How many there are.
   */
  size_t len;
} ww_memory;

/**
 * A step of the driver's.
 */
typedef struct ww_step {
  /**
   * What to do.
   */
  enum ww_step_kind kind;
  /**
   * With `WW_ERROR_TRANSPORT`: the number that the failure was reported with.
   */
  int32_t transport_error;
  /**
   * With `WW_STEP_WRITE` of `ww_next`: the bytes, never none.
   */
  struct ww_span out;
  /**
   * With `WW_STEP_READ`: the memory, never none.
   */
  struct ww_memory in;
  /**
   * With `WW_ERROR_STILL_SENDING` and `WW_ERROR_GAVE_UP`: how many bytes were thrown away.
   */
  uint64_t discarded;
} ww_step;

/**
 * What came besides plaintext, of one record.
 */
typedef struct ww_events {
  /**
   * Not 0 if the peer has updated its key: tell the writer (`ww_writer_on_key_update`).
   */
  int32_t key_update;
  /**
   * Not 0 if it asks for ours with that.
   */
  int32_t key_update_requested;
  /**
   * Session tickets, which are only counted.
   */
  uint32_t tickets;
  /**
   * TLS 1.2: the peer has asked to renegotiate.
   */
  uint32_t renegotiation_requests;
} ww_events;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * What a status means, in a few words; never NULL. The text is the library's.
 */
const char *ww_status_text(int32_t status);

/**
 * A configuration of clients. `settings` may be NULL for the defaults, `error` too.
 */
enum ww_status ww_client_config_new(const struct ww_client_settings *settings,
                                    struct ww_client_config **config,
                                    struct ww_error *error);

/**
 * Another handle of the same configuration, to be freed by itself. NULL gives NULL.
 */
struct ww_client_config *ww_client_config_clone(const struct ww_client_config *config);

/**
 * Gives a handle up. Connections keep what they use.
 */
void ww_client_config_free(struct ww_client_config *config);

/**
 * A configuration of servers. `error` may be NULL.
 */
enum ww_status ww_server_config_new(const struct ww_server_settings *settings,
                                    struct ww_server_config **config,
                                    struct ww_error *error);

/**
 * Another handle of the same configuration, to be freed by itself. NULL gives NULL.
 */
struct ww_server_config *ww_server_config_clone(const struct ww_server_config *config);

/**
 * Gives a handle up. Connections keep what they use.
 */
void ww_server_config_free(struct ww_server_config *config);

/**
 * A pool that keeps at most `max_segments` segments of 16.5 KiB and as much memory for input.
 * It need not be large: memory is in it only while no connection uses it.
 */
enum ww_status ww_pool_new(size_t max_segments, struct ww_pool **pool);

/**
 * Frees your handle. Connections and chunks keep what they use.
 */
void ww_pool_free(struct ww_pool *pool);

/**
 * A client that will ask for `server_name`: a DNS name, or an IP address in text. Its first
 * flight waits to be drained. `settings` may be NULL for the defaults, `error` too.
 */
enum ww_status ww_connection_new_client(const struct ww_client_config *config,
                                        const char *server_name,
                                        const struct ww_connection_settings *settings,
                                        struct ww_connection **connection,
                                        struct ww_error *error);

/**
 * A server that waits for a client's first flight. `settings` may be NULL for the defaults,
 * `error` too.
 */
enum ww_status ww_connection_new_server(const struct ww_server_config *config,
                                        const struct ww_connection_settings *settings,
                                        struct ww_connection **connection,
                                        struct ww_error *error);

/**
 * A connection whose handshake you have made yourself: under the keys of both directions, of
 * one suite. It does what a `ww_writer` and a `ww_reader` need help with: it answers KeyUpdates
 * and sends alerts. `is_server` is not 0 if we are the server. Apart from version and suite, it
 * knows nothing of the handshake. `settings` may be NULL for the defaults, `error` too.
 */
enum ww_status ww_connection_new_from_keys(const struct ww_keys *write,
                                           const struct ww_keys *read,
                                           int32_t is_server,
                                           const struct ww_connection_settings *settings,
                                           struct ww_connection **connection,
                                           struct ww_error *error);

/**
 * Frees a connection. What was not drained is lost; chunks that were taken stay.
 */
void ww_connection_free(struct ww_connection *connection);

/**
 * Why the connection has failed: `WW_OK` in `error` if it has not. A failure stays. The status
 * that is returned is about this call alone.
 */
enum ww_status ww_connection_error(const struct ww_connection *connection, struct ww_error *error);

/**
 * Gives back all memory that holds nothing or can be made again: for a connection that is going
 * to be idle.
 */
enum ww_status ww_shrink(struct ww_connection *connection);

/**
 * What must happen for the connection to continue: `WW_WANTS_...` together. All of them are
 * levels: they stay until the reason is gone. 0 means that the connection waits for you, or is
 * over.
 */
uint32_t ww_wants(const struct ww_connection *connection);

/**
 * The exact number of bytes that `ww_write` accepts now.
 */
size_t ww_room(const struct ww_connection *connection);

/**
 * The exact number of wire bytes that `n` more bytes become, written and flushed now.
 * `SIZE_MAX` for more than 1 GiB; 0 unless our half is open.
 */
size_t ww_wire_len(const struct ww_connection *connection, size_t n);

/**
 * The life of our writing half; failed for NULL.
 */
enum ww_writing ww_writing_state(const struct ww_connection *connection);

/**
 * The life of our reading half; failed for NULL.
 */
enum ww_reading ww_reading_state(const struct ww_connection *connection);

/**
 * What the outbound buffer holds; empty for NULL.
 */
enum ww_buffer ww_buffer_state(const struct ww_connection *connection);

/**
 * What the connection has done so far.
 */
enum ww_status ww_progress(const struct ww_connection *connection, struct ww_counts *progress);

/**
 * Bytes of buffer memory that the connection holds now, in use or kept for reuse.
 */
size_t ww_memory_held(const struct ww_connection *connection);

/**
 * Takes as long a prefix of the bytes as there is room for: `accepted` says how much, 0 in the
 * handshake and while the buffer is full. Neither is an error. What was accepted is the
 * connection's: it is not offered again. After a failure it is not sent.
 *
 * Errors: `WW_ERROR_CLOSED`, `WW_ERROR_KEY_LIMIT`, `WW_ERROR_FAILED`.
 */
enum ww_status ww_write(struct ww_connection *connection,
                        const void *buf,
                        size_t len,
                        size_t *accepted);

/**
 * `ww_write` of `count` pieces as if they were one.
 */
enum ww_status ww_writev(struct ww_connection *connection,
                         const struct iovec *iov,
                         size_t count,
                         size_t *accepted);

/**
 * Takes all of the bytes, or none: `WW_ERROR_NO_ROOM`, or `WW_ERROR_NEGOTIATING` in the
 * handshake, and then nothing changes. More than the empty buffer has room for is never
 * accepted.
 */
enum ww_status ww_write_atomic(struct ww_connection *connection, const void *buf, size_t len);

/**
 * `ww_write_atomic` and `ww_close` in one: close_notify follows without waiting for the drain.
 */
enum ww_status ww_write_and_close(struct ww_connection *connection, const void *buf, size_t len);

/**
 * Lends the free memory of the current record, in which plaintext is sealed without a copy:
 * fill it from its beginning and call `ww_slot_commit`. Empty if there is no room. What it
 * holds at first is unspecified.
 *
 * It stays valid longer than other spans: until `ww_slot_commit`, or a call that writes,
 * flushes, closes, aborts or frees. Draining and reading are allowed meanwhile. Lent again it
 * is the same memory.
 */
enum ww_status ww_slot(struct ww_connection *connection, struct ww_memory *slot);

/**
 * Takes the first `n` bytes of the slot as if they had been written. More than is lent is
 * `WW_ERROR_OVERRUN`, and changes nothing.
 */
enum ww_status ww_slot_commit(struct ww_connection *connection, size_t n);

/**
 * Seals the current record: everything accepted so far can be drained without waiting for more.
 * Needed only where bytes wait, and must not share a record with later ones.
 */
enum ww_status ww_flush(struct ww_connection *connection);

/**
 * Seals the current record and close_notify: our half ends, and nothing accepted is lost if you
 * drain it, and read to the peer's end before you drop a socket. Repeated, it changes nothing.
 * In the handshake it gives the connection up, without an alert.
 */
enum ww_status ww_close(struct ww_connection *connection);

/**
 * Ends both halves with a fatal alert (RFC 9846, section 6.2), which waits to be drained:
 * plaintext that was not read or sealed is wiped.
 */
enum ww_status ww_abort(struct ww_connection *connection, uint8_t alert);

/**
 * Updates our key (TLS 1.3): the KeyUpdate goes in front of the next record. If `request_peer`
 * is not 0, the peer is asked to update its key too. `WW_ERROR_NO_KEY_UPDATE` in TLS 1.2. Keys
 * are also updated without this call, before their limits.
 */
enum ww_status ww_update_keys(struct ww_connection *connection, int32_t request_peer);

/**
 * The first of the sealed bytes that wait: as many as lie together, empty if none wait. Give
 * the transport some of them, from their beginning, and call `ww_out_advance`. If nothing
 * sealed waits, the current record is sealed first.
 */
enum ww_status ww_out(struct ww_connection *connection, struct ww_span *span);

/**
 * All the sealed bytes that wait, as far as `count` pieces go, for `writev`: `filled` says how
 * many were set.
 */
enum ww_status ww_out_iov(struct ww_connection *connection,
                          struct iovec *iov,
                          size_t count,
                          size_t *filled);

/**
 * The transport has taken the first `n` bytes. More than wait is `WW_ERROR_OVERRUN`, and
 * changes nothing.
 */
enum ww_status ww_out_advance(struct ww_connection *connection, size_t n);

/**
 * Takes the first waiting bytes out as your own, at most `max` of them: fewer if they do not
 * lie together. `chunk` is NULL if nothing waits. They count as drained; what was not sent must
 * be put back.
 */
enum ww_status ww_out_take(struct ww_connection *connection, size_t max, struct ww_chunk **chunk);

/**
 * Puts the last chunk back, or the last ones, the last of all first: its bytes wait again. With
 * `WW_OK` the chunk is gone; with an error it is still yours.
 */
enum ww_status ww_put_back(struct ww_connection *connection, struct ww_chunk *chunk);

/**
 * Its bytes. The span is valid until `ww_chunk_free` or `ww_put_back`, whatever becomes of the
 * connection.
 */
enum ww_status ww_chunk_span(const struct ww_chunk *chunk, struct ww_span *span);

/**
 * Wire bytes of the connection before it.
 */
uint64_t ww_chunk_offset(const struct ww_chunk *chunk);

/**
 * The transport has taken its first `n` bytes.
 */
enum ww_status ww_chunk_advance(struct ww_chunk *chunk, size_t n);

/**
 * Frees a chunk. Bytes that were not sent are lost: `ww_put_back` keeps them.
 */
void ww_chunk_free(struct ww_chunk *chunk);

/**
 * Lends memory for the transport's next bytes: fill it from its beginning and call
 * `ww_in_commit`.
 *
 * It is empty (NULL) while the buffer is full, and once nothing more will be read, as
 * `ww_wants` says too: do not read then, because a read into no memory gives 0, which looks
 * like an end.
 *
 * It stays valid longer than other spans: until `ww_in_commit`, `ww_receive`, a failure of the
 * connection, `ww_next` or `ww_connection_free`. Everything else is allowed meanwhile. Lent
 * again it is the same memory.
 */
enum ww_status ww_in(struct ww_connection *connection, struct ww_memory *memory);

/**
 * The first `n` bytes of the memory that was lent are there; then call `ww_process`. More than
 * is lent is `WW_ERROR_OVERRUN`, and changes nothing. With 0 the loan ends, and nothing else:
 * the end of the transport is `ww_in_end`.
 */
enum ww_status ww_in_commit(struct ww_connection *connection, size_t n);

/**
 * Copies as many of the bytes as there is room for: `taken` says how much; then call
 * `ww_process`. For bytes that are in memory of your own already, such as those that came
 * behind STARTTLS: they are the beginning of the handshake. After the end of reading all are
 * taken, and ignored.
 */
enum ww_status ww_receive(struct ww_connection *connection,
                          const void *wire,
                          size_t len,
                          size_t *taken);

/**
 * The transport has ended: a read has returned 0. What is held is still read; after it comes
 * `WW_ERROR_TRUNCATED`, once, unless the peer had sent close_notify.
 */
enum ww_status ww_in_end(struct ww_connection *connection);

/**
 * Makes of the input what can be made of it: continues the handshake, opens records until
 * one has plaintext that is not consumed, answers KeyUpdates, stores tickets. Without input it
 * changes nothing. What it answers waits to be drained.
 *
 * Errors: why the connection has failed, again at every later call; if the peer must be told,
 * the alert waits to be drained. `WW_ERROR_TRUNCATED` comes once, and you can still write.
 */
enum ww_status ww_process(struct ww_connection *connection);

/**
 * The plaintext of the record that was opened last, at most 16,384 bytes; empty if there is
 * none: then `ww_process` may find more.
 */
enum ww_status ww_plaintext(const struct ww_connection *connection, struct ww_span *span);

/**
 * Removes `n` bytes from the front of the plaintext. More than there are is `WW_ERROR_OVERRUN`,
 * and changes nothing.
 */
enum ww_status ww_consume(struct ww_connection *connection, size_t n);

/**
 * Copies plaintext into `buf`, and processes input as needed: `ww_process`, `ww_plaintext` and
 * `ww_consume` in one. With `WW_OK` and a `count` of 0, input is needed, or the peer has
 * closed: `ww_reading_state` tells. Errors are those of `ww_process`; what was copied before
 * one is given first, and the error by the next call.
 */
enum ww_status ww_read(struct ww_connection *connection, void *buf, size_t len, size_t *count);

/**
 * The protocol version, 0x0304 for TLS 1.3 and 0x0303 for TLS 1.2, once the handshake is over;
 * before it, 0.
 */
uint16_t ww_version(const struct ww_connection *connection);

/**
 * The number of the cipher suite (IANA), once the handshake is over; before it, 0.
 */
uint16_t ww_cipher_suite(const struct ww_connection *connection);

/**
 * The number of the group that the keys were agreed on in (IANA), once the handshake is over; 0
 * for a resumption without a new key exchange.
 */
uint16_t ww_key_exchange_group(const struct ww_connection *connection);

/**
 * How the handshake went, once it is over.
 */
enum ww_handshake ww_handshake_kind(const struct ww_connection *connection);

/**
 * The application protocol that was agreed on (ALPN), once the handshake is over; empty if none
 * was. The span is valid until the next call on the connection that is not `const`.
 */
enum ww_status ww_alpn(const struct ww_connection *connection, struct ww_span *protocol);

/**
 * The name that the client asked for (SNI), on a server once the handshake is over; empty if
 * there was none. No zero byte ends it. The span is valid until the next call on the connection
 * that is not `const`.
 */
enum ww_status ww_server_name(const struct ww_connection *connection, struct ww_span *name);

/**
 * The peer's certificate number `index` as DER, once the handshake is over: its own is number
 * 0. Empty behind the last. The span is valid until the next call on the connection that is not
 * `const`.
 */
enum ww_status ww_peer_certificate(const struct ww_connection *connection,
                                   size_t index,
                                   struct ww_span *certificate);

/**
 * Fills `out` with keying material for another protocol (RFC 9846, section 7.5; RFC 5705): both
 * ends, and nobody else, get the same for the same label, context and length. `context` may be
 * NULL for none, which in TLS 1.2 is not the same as an empty one. Needs the setting
 * `exporter`. On an error `out` is all zeros, or untouched.
 */
enum ww_status ww_export(const struct ww_connection *connection,
                         void *out,
                         size_t out_len,
                         const void *label,
                         size_t label_len,
                         const void *context,
                         size_t context_len);

/**
 * What to do next for `goal`, a `ww_goal`. Do it, report it, and ask again, until it is
 * `WW_STEP_DONE`. You may ask for another goal at any time: nothing is lost or repeated, and a
 * step that was not reported is asked for again.
 *
 * Errors: why the goal cannot be reached. Asked again, it tries again.
 */
enum ww_status ww_next(struct ww_connection *connection, int32_t goal, struct ww_step *step);

/**
 * `ww_next`, which gives the bytes of `WW_STEP_WRITE` in pieces, for `writev`: at most `count`,
 * and at most 64. `filled` says how many were set.
 */
enum ww_status ww_next_iov(struct ww_connection *connection,
                           int32_t goal,
                           struct ww_step *step,
                           struct iovec *iov,
                           size_t count,
                           size_t *filled);

/**
 * `ww_next` for a goal beyond `WW_GOAL_CLOSE`: the peer has ended too. What it still sends is
 * thrown away, at most `max` bytes of it. A system resets a socket that is closed with unread
 * input, and the peer loses what it has not read: this is how to close one without that.
 */
enum ww_status ww_next_linger(struct ww_connection *connection, uint64_t max, struct ww_step *step);

/**
 * The transport took `n` of the bytes of `WW_STEP_WRITE`; 0 means that it will take no more.
 */
enum ww_status ww_wrote(struct ww_connection *connection, size_t n);

/**
 * The transport put `n` bytes into the memory of `WW_STEP_READ`; 0 means that it has ended.
 */
enum ww_status ww_got(struct ww_connection *connection, size_t n);

/**
 * The transport has emptied its own buffer, as `WW_STEP_FLUSH` asked.
 */
enum ww_status ww_flushed(struct ww_connection *connection);

/**
 * The transport could not do the last step now (`EAGAIN`), and moved no bytes. If anything else
 * can be done for the goal, that comes next; otherwise `WW_STEP_BLOCKED`.
 */
enum ww_status ww_blocked(struct ww_connection *connection);

/**
 * The transport failed at the last step, and moved no bytes. `far_end` is a `ww_far_end`,
 * `transport_error` is a number of yours, such as `errno`, which comes back in `ww_step`.
 */
enum ww_status ww_transport_failed(struct ww_connection *connection,
                                   int32_t far_end,
                                   int32_t transport_error);

/**
 * You do not want to wait any longer for what `WW_STEP_READ` of `ww_next_linger` would bring.
 */
enum ww_status ww_gave_up(struct ww_connection *connection);

/**
 * A writer with an empty buffer. Of the settings, those of writing count. `settings` may be
 * NULL for the defaults, `error` too.
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
 * As `ww_write`.
 */
enum ww_status ww_writer_write(struct ww_writer *writer,
                               const void *buf,
                               size_t len,
                               size_t *accepted);

/**
 * As `ww_writev`.
 */
enum ww_status ww_writer_writev(struct ww_writer *writer,
                                const struct iovec *iov,
                                size_t count,
                                size_t *accepted);

/**
 * As `ww_write_atomic`.
 */
enum ww_status ww_writer_write_atomic(struct ww_writer *writer, const void *buf, size_t len);

/**
 * As `ww_slot`.
 */
enum ww_status ww_writer_slot(struct ww_writer *writer, struct ww_memory *slot);

/**
 * As `ww_slot_commit`.
 */
enum ww_status ww_writer_slot_commit(struct ww_writer *writer, size_t n);

/**
 * As `ww_flush`.
 */
enum ww_status ww_writer_flush(struct ww_writer *writer);

/**
 * As `ww_close`.
 */
enum ww_status ww_writer_close(struct ww_writer *writer);

/**
 * As `ww_abort`.
 */
enum ww_status ww_writer_abort(struct ww_writer *writer, uint8_t alert);

/**
 * As `ww_update_keys`. Keys made without a secret cannot be updated.
 */
enum ww_status ww_writer_update_keys(struct ww_writer *writer, int32_t request_peer);

/**
 * The peer has sent a KeyUpdate; `requested` is not 0 if it asks for ours (`ww_events`).
 */
enum ww_status ww_writer_on_key_update(struct ww_writer *writer, int32_t requested);

/**
 * The reader beside it has failed: the alert that this calls for waits to be drained. Changes
 * nothing if it has not failed.
 */
enum ww_status ww_writer_fail(struct ww_writer *writer, const struct ww_reader *reader);

/**
 * As `ww_out`.
 */
enum ww_status ww_writer_out(struct ww_writer *writer, struct ww_span *span);

/**
 * As `ww_out_iov`.
 */
enum ww_status ww_writer_out_iov(struct ww_writer *writer,
                                 struct iovec *iov,
                                 size_t count,
                                 size_t *filled);

/**
 * As `ww_out_advance`.
 */
enum ww_status ww_writer_out_advance(struct ww_writer *writer, size_t n);

/**
 * As `ww_out_take`.
 */
enum ww_status ww_writer_out_take(struct ww_writer *writer, size_t max, struct ww_chunk **chunk);

/**
 * As `ww_put_back`.
 */
enum ww_status ww_writer_put_back(struct ww_writer *writer, struct ww_chunk *chunk);

/**
 * As `ww_room`.
 */
size_t ww_writer_room(const struct ww_writer *writer);

/**
 * As `ww_wire_len`.
 */
size_t ww_writer_wire_len(const struct ww_writer *writer, size_t n);

/**
 * Whether `ww_writer_out` would give bytes.
 */
bool ww_writer_wants_drain(const struct ww_writer *writer);

/**
 * As `ww_writing_state`.
 */
enum ww_writing ww_writer_state(const struct ww_writer *writer);

/**
 * As `ww_progress`.
 */
enum ww_status ww_writer_progress(const struct ww_writer *writer, struct ww_counts *progress);

/**
 * As `ww_connection_error`.
 */
enum ww_status ww_writer_error(const struct ww_writer *writer, struct ww_error *error);

/**
 * A reader with an empty buffer. `is_server` is not 0 if we are the server. Of the settings,
 * those of reading count. `settings` may be NULL for the defaults, `error` too.
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
 * As `ww_in`.
 */
enum ww_status ww_reader_in(struct ww_reader *reader, struct ww_memory *memory);

/**
 * As `ww_in_commit`.
 */
enum ww_status ww_reader_in_commit(struct ww_reader *reader, size_t n);

/**
 * As `ww_receive`.
 */
enum ww_status ww_reader_receive(struct ww_reader *reader,
                                 const void *wire,
                                 size_t len,
                                 size_t *taken);

/**
 * As `ww_in_end`.
 */
enum ww_status ww_reader_in_end(struct ww_reader *reader);

/**
 * Opens records until one has plaintext that is not consumed, or something in `events`, or
 * input is needed, or the peer has closed. Errors are as those of `ww_process`.
 */
enum ww_status ww_reader_process(struct ww_reader *reader, struct ww_events *events);

/**
 * As `ww_plaintext`.
 */
enum ww_status ww_reader_plaintext(const struct ww_reader *reader, struct ww_span *span);

/**
 * As `ww_consume`.
 */
enum ww_status ww_reader_consume(struct ww_reader *reader, size_t n);

/**
 * The writer beside it has sealed records, which give the peer credit as data from it does.
 * Call it now and then if you mostly write.
 */
enum ww_status ww_reader_on_sealed(struct ww_reader *reader, const struct ww_writer *writer);

/**
 * `WW_WANTS_INPUT` and `WW_WANTS_PROCESS`, as `ww_wants` has them.
 */
uint32_t ww_reader_wants(const struct ww_reader *reader);

/**
 * As `ww_reading_state`.
 */
enum ww_reading ww_reader_state(const struct ww_reader *reader);

/**
 * As `ww_connection_error`.
 */
enum ww_status ww_reader_error(const struct ww_reader *reader, struct ww_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* WANTWRITE_H */
