//! The clients of hyper-util and tonic, with the connector from the page.
#![expect(clippy::unwrap_used, clippy::std_instead_of_alloc, reason = "tests")]

use std::sync::Arc;

use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use migration::https::Https;
use rustls::{ClientConfig, ServerConfig};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tonic::service::Routes;
use tonic::transport::Endpoint;
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use wantwrite_testing::*;
use wantwrite_tokio::{TlsAcceptor, TlsConnector};

struct Ends {
    client: ClientConfig,
    server: ServerConfig,
}

impl Ends {
    fn new() -> Self {
        let identity = Identity::new(false);
        let mut server = server_config(TLS13, &identity);
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self { client: client_config(TLS13, &identity), server }
    }

    fn connector(&self, protocols: &[&[u8]]) -> Https {
        let connector = TlsConnector::from(Arc::new(self.client.clone()));
        Https(connector.with_alpn(protocols.iter().map(|name| name.to_vec()).collect()))
    }

    /// Starts to listen. Returns an acceptor, the listener, and its port.
    async fn listen(&self) -> (TlsAcceptor, TcpListener, u16) {
        let listener = TcpListener::bind((HOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (TlsAcceptor::from(Arc::new(self.server.clone())), listener, port)
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let len = request.into_body().collect().await?.to_bytes().len();
    Ok(Response::new(Full::new(Bytes::from(pattern(100_000 + len)))))
}

#[tokio::test]
async fn hyper_utils_client_uses_the_negotiated_protocol() {
    let ends = Ends::new();
    for (protocols, version) in [
        (&[&b"h2"[..], b"http/1.1"][..], Version::HTTP_2),
        (&[b"http/1.1"], Version::HTTP_11),
        (&[], Version::HTTP_11),
    ] {
        let (acceptor, listener, port) = ends.listen().await;
        let client: Client<_, Full<Bytes>> =
            Client::builder(TokioExecutor::new()).build(ends.connector(protocols));
        let server = tokio::spawn(async move {
            let stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
            // The client keeps the connection, so it is the only one.
            Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await
        });
        for len in [0, 1, 50_000] {
            let request = Request::post(format!("https://{HOST}:{port}/"));
            let request = request.body(Full::new(pattern(len).into())).unwrap();
            let response = timeout(PATIENCE, client.request(request)).await.expect("it waits");
            let response = response.unwrap();
            assert_eq!(response.version(), version);
            let body =
                timeout(PATIENCE, response.into_body().collect()).await.expect("it timed out");
            assert_eq!(body.unwrap().to_bytes(), pattern(100_000 + len));
        }
        drop(client);
        timeout(PATIENCE, server).await.expect("the server answers in time").unwrap().unwrap();
    }
}

#[tokio::test]
async fn an_untrusted_certificate_is_a_client_error() {
    let ends = Ends::new();
    let (_, listener, port) = Ends::new().listen().await;
    let acceptor = TlsAcceptor::from(Arc::new(Ends::new().server));
    let client: Client<_, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).build(ends.connector(&[b"h2"]));
    let server = async { acceptor.accept(listener.accept().await.unwrap().0).await.map(drop) };
    let uri = format!("https://{HOST}:{port}/").parse().unwrap();
    let (response, served) = tokio::join!(client.get(uri), server);
    assert!(response.unwrap_err().is_connect() && served.is_err());
}

#[tokio::test]
async fn tonics_client_checks_the_health_of_a_server() {
    let ends = Ends::new();
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("example", ServingStatus::Serving).await;
    let routes = Routes::new(health).prepare();
    let (acceptor, listener, port) = ends.listen().await;
    tokio::spawn(async move {
        let stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
        Builder::new(TokioExecutor::new())
            .http2_only()
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes))
            .await
            .unwrap();
    });
    let endpoint = Endpoint::from_shared(format!("https://{HOST}:{port}")).unwrap();
    let asked = async {
        let channel = endpoint.connect_with_connector(ends.connector(&[b"h2"])).await.unwrap();
        let request = HealthCheckRequest { service: "example".to_owned() };
        HealthClient::new(channel).check(request).await.unwrap().into_inner()
    };
    let answer = timeout(PATIENCE, asked).await.expect("it waits");
    assert_eq!(answer.status(), ServingStatus::Serving.into());
}
