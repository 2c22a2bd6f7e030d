//! A transport that claims to have accepted more than it was given.

use std::io::{ErrorKind, Write as _};

use wantwrite::*;
use wantwrite_embedded_io::*;

use crate::TLS13;
use crate::wire::Fault;
use wantwrite_testing::*;

mod over_std {
    use super::*;
    use crate::wire::stream;

    #[test]
    fn a_transport_that_claims_too_many_bytes_is_an_error() {
        for more in [1, 1000, usize::MAX] {
            let mut stream = stream(established(TLS13, Role::Client));
            stream.get_mut().writes.push_back(Fault::Claims(more));
            assert_eq!(stream.write(b"accepted").unwrap(), 8, "the next call reports the failure");
            let error = stream.flush().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Other, "{error}");
            let claim: Overrun = *error.get_ref().unwrap().downcast_ref().unwrap();
            assert_eq!((claim.claimed, claim.available), (30_usize.saturating_add(more), 30));
            assert!(stream.connection().wants().drain, "nothing counts as sent");
        }
    }
}

mod over_embedded_io {
    use embedded_io::Write as _;

    use super::*;
    use crate::embedded::stream;

    #[test]
    fn a_transport_that_claims_too_many_bytes_is_an_error() {
        for more in [1, 1000, usize::MAX] {
            let mut stream = stream(established(TLS13, Role::Client));
            stream.get_mut().0.writes.push_back(Fault::Claims(more));
            assert_eq!(stream.write(b"accepted").unwrap(), 8, "the next call reports the failure");
            let claimed = 30_usize.saturating_add(more);
            let claim = Overrun { claimed, available: 30 };
            assert_eq!(stream.flush().unwrap_err(), EmbeddedError::WriteOverrun(claim));
        }
    }

    /// The transport is given one chunk at a time. What it claims beyond that can be in the next
    /// chunk.
    #[test]
    fn a_claim_beyond_the_given_chunk_loses_nothing() {
        let mut stream = stream(established(TLS13, Role::Client));
        stream.connection_mut().writer_mut().write_atomic(&[7; 60_000]).unwrap();
        stream.get_mut().0.writes.push_back(Fault::Claims(1));
        let error = stream.flush().unwrap_err();
        assert!(matches!(error, EmbeddedError::WriteOverrun(_)), "{error}");
        stream.flush().unwrap();
        assert_eq!(stream.get_ref().0.received, [7; 60_000]);
    }
}

mod over_tokio {
    use super::*;
    use crate::polled::*;

    #[test]
    fn a_transport_that_claims_too_many_bytes_is_an_error() {
        for (more, gathers) in [(1, false), (usize::MAX, false), (1, true), (usize::MAX, true)] {
            let mut stream = stream();
            stream.get_mut().0.0.gathers = gathers;
            stream.get_mut().0.0.writes.push_back(Fault::Claims(more));
            assert_eq!(
                write(&mut stream, b"accepted").unwrap(),
                8,
                "the next call reports the failure"
            );
            let error = flush(&mut stream).unwrap_err();
            assert!(error.get_ref().unwrap().is::<Overrun>(), "{error}");
            flush(&mut stream).unwrap();
            assert_eq!(stream.get_ref().0.0.received, b"accepted");
        }
    }
}

mod over_embedded_io_async {
    use embedded_io_async::Write as _;

    use super::*;
    use crate::embedded::{async_stream, at_once};

    #[test]
    fn a_transport_that_claims_too_many_bytes_is_an_error() {
        for more in [1, 1000, usize::MAX] {
            let mut stream = async_stream(established(TLS13, Role::Client));
            stream.get_mut().0.writes.push_back(Fault::Claims(more));
            assert_eq!(at_once(stream.write(b"accepted")), Ok(8));
            let claimed = 30_usize.saturating_add(more);
            let claim = Overrun { claimed, available: 30 };
            assert_eq!(at_once(stream.flush()), Err(EmbeddedError::WriteOverrun(claim)));
            assert_eq!(at_once(stream.flush()), Ok(()));
            assert_eq!(stream.get_ref().0.received, b"accepted");
        }
    }
}

mod over_futures_io {
    use super::*;
    use crate::futures::*;

    #[test]
    fn a_transport_that_claims_too_many_bytes_is_an_error() {
        for more in [1, usize::MAX] {
            let mut stream = stream(established(TLS13, Role::Client));
            stream.get_mut().0.0.writes.push_back(Fault::Claims(more));
            assert_eq!(
                write(&mut stream, b"accepted").unwrap(),
                8,
                "the next call reports the failure"
            );
            let error = flush(&mut stream).unwrap_err();
            assert!(error.get_ref().unwrap().is::<Overrun>(), "{error}");
            flush(&mut stream).unwrap();
            assert_eq!(stream.get_ref().0.0.received, b"accepted");
        }
    }
}
