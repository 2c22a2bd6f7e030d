//! Writers and readers without a connection, and connections from keys.

use capi_calls::capi::{ww_reading, ww_status, ww_writing};
use capi_calls::{Connection, Reader, Writer};
use wantwrite::CipherSuite;

const SUITE: CipherSuite = CipherSuite::TLS_AES_256_GCM_SHA384;
const SECRET: [u8; 48] = [5; 48];

fn halves() -> (Writer, Reader) {
    let settings = capi_calls::settings();
    let writer = Writer::from_secret(SUITE, &SECRET, &settings).unwrap();
    (writer, Reader::from_secret(SUITE, &SECRET, false, &settings).unwrap())
}

fn carry(writer: &mut Writer, reader: &mut Reader) {
    while writer.wants_drain() {
        let (status, wire) = writer.out();
        assert_eq!(status, ww_status::WW_OK);
        let (status, taken) = reader.receive(wire);
        assert_eq!(status, ww_status::WW_OK);
        assert_eq!(writer.out_advance(taken), ww_status::WW_OK);
    }
}

#[test]
fn a_reader_opens_what_a_writer_seals_and_reports_key_updates() {
    let (mut writer, mut reader) = halves();
    assert_eq!(writer.write(b"hello"), (ww_status::WW_OK, 5));
    let wire_len = writer.wire_len(0);
    assert_eq!(wire_len, 0);
    assert_eq!(writer.update_keys(1), ww_status::WW_OK);
    assert_eq!(writer.write_atomic(b" again"), ww_status::WW_OK);
    assert_eq!(writer.close(), ww_status::WW_OK);
    carry(&mut writer, &mut reader);
    assert_eq!(writer.state(), ww_writing::WW_WRITING_CLOSED);
    let (mut plaintext, mut updates) = (Vec::new(), Vec::new());
    while reader.wants() & 4 != 0 {
        let (status, events) = reader.process();
        assert_eq!(status, ww_status::WW_OK);
        updates.extend((events.key_update != 0).then_some(events.key_update_requested));
        let len = {
            let (_, seen) = reader.plaintext();
            plaintext.extend_from_slice(seen);
            seen.len()
        };
        assert_eq!(reader.consume(len + 1), ww_status::WW_ERROR_OVERRUN);
        assert_eq!(reader.consume(len), ww_status::WW_OK);
    }
    assert_eq!((plaintext, updates), (b"hello again".to_vec(), vec![1]));
    assert_eq!(reader.state(), ww_reading::WW_READING_PEER_CLOSED);
}

#[test]
fn a_writer_is_told_that_its_reader_failed() {
    let (mut writer, mut reader) = halves();
    assert_eq!(writer.fail(&reader), ww_status::WW_OK);
    assert_eq!(writer.state(), ww_writing::WW_WRITING_OPEN);
    assert_eq!(reader.receive(&[23, 3, 3, 0, 17]), (ww_status::WW_OK, 5));
    assert_eq!(reader.receive(&[0; 17]), (ww_status::WW_OK, 17));
    assert_eq!(reader.process().0, ww_status::WW_ERROR_PEER_PROTOCOL);
    assert_eq!(reader.on_sealed(&writer), ww_status::WW_OK);
    assert_eq!(writer.fail(&reader), ww_status::WW_OK);
    assert_eq!(writer.error().alert, 20);
    assert!(writer.wants_drain(), "the alert is pending");
}

#[test]
fn the_error_for_a_key_of_the_wrong_length_names_both_lengths() {
    let error = Writer::from_secret(SUITE, &SECRET[..5], &capi_calls::settings()).unwrap_err();
    assert_eq!(error.status, ww_status::WW_ERROR_ARGUMENT);
    assert_eq!(capi_calls::text(&error), "expected a 48-byte key or secret, got 5");
}

#[test]
fn connections_from_keys_answer_key_updates() {
    let connection = |write: u8, read: u8, is_server| {
        let (write, read) = ([write; 48], [read; 48]);
        let settings = capi_calls::settings();
        Connection::from_secrets(SUITE, &write, &read, is_server, &settings).unwrap()
    };
    let mut ends = [connection(1, 2, false), connection(2, 1, true)];
    assert_eq!((ends[0].version(), ends[0].cipher_suite()), (0x0304, 0x1302));
    assert_eq!(ends[0].update_keys(1), ww_status::WW_OK);
    assert_eq!(crate::ends::pump(&mut ends), [ww_status::WW_OK; 2]);
    assert_eq!(ends[1].progress().1.key_updates, 1);
}
