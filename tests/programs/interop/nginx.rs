//! nginx as a server, where a file is stored and fetched again, and as a proxy for our server.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::thread;

use super::ours::{Ours, free_address, listener};
use super::{Case, LEN, pattern};
use wantwrite_testing::process::{Process, arg};

pub(crate) fn server(case: &Case) {
    let address = free_address();
    fs::create_dir(case.dir.path("files")).expect("a new directory");
    let root = arg(&case.dir.path("files")).to_owned();
    let _program = start(case, address, &format!("root {root}; dav_methods PUT;"));

    let mut ours = Ours::client(case, address);
    let get = b"GET /pattern HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let data = pattern();
    let answers = ours.exchange(&[&put("")[..], &data, get].concat(), usize::MAX);
    assert!(answers.starts_with(b"HTTP/1.1 201 Created"), "the file was made");
    assert!(answers.ends_with(&data), "the file came back");
    ours.close_too();
}

/// Our client, nginx, our server. Both connections use the same suite.
pub(crate) fn proxy(case: &Case) {
    let (address, upstream) = (free_address(), listener());
    let certificate = case.dir.file("upstream.pem", &case.identity.certificate_pem);
    let location = format!(
        "proxy_pass https://{upstream}; proxy_http_version 1.1; proxy_request_buffering off;
        proxy_ssl_trusted_certificate {certificate}; proxy_ssl_verify on;
        proxy_ssl_name localhost; proxy_ssl_server_name on;
        proxy_ssl_protocols TLSv1.2 TLSv1.3;",
        upstream = upstream.local_addr().expect("it is bound"),
        certificate = arg(&certificate),
    );
    let _program = start(case, address, &location);
    let data = pattern();
    thread::scope(|scope| {
        let server = scope.spawn(|| {
            let mut ours = Ours::server(case, &upstream);
            let mut request = Vec::new();
            let head = loop {
                if let Some(at) = request.windows(4).position(|end| end == b"\r\n\r\n") {
                    break at + 4;
                }
                request.extend(ours.exchange(&[], 1));
            };
            let missing = head + LEN - request.len();
            request.extend(ours.exchange(&[], missing));
            assert!(request[head..] == data, "what nginx passed to us");
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {LEN}\r\n\r\n");
            let _sent = ours.exchange(&[answer.as_bytes(), &data].concat(), 0);
            ours.close_too();
        });
        let mut ours = Ours::client(case, address);
        let request = [&put("Connection: close\r\n")[..], &data].concat();
        let answer = ours.exchange(&request, usize::MAX);
        assert!(answer.starts_with(b"HTTP/1.1 200 OK"), "our server answered");
        assert!(answer.ends_with(&data), "what nginx passed from us");
        ours.close_too();
        server.join().expect("our server had what it expected");
    });
}

fn put(header: &str) -> Vec<u8> {
    let head = "PUT /pattern HTTP/1.1\r\nHost: localhost\r\n";
    format!("{head}Content-Length: {LEN}\r\n{header}\r\n").into_bytes()
}

/// Starts nginx with a server at `address` that has one location.
fn start(case: &Case, address: SocketAddr, location: &str) -> Process {
    let certificate = case.dir.file("cert.pem", &case.identity.certificate_pem);
    let key = case.dir.file("key.pem", &case.identity.key_pem);
    let directory = case.dir.path("");
    let configuration = format!(
        "daemon off; master_process off; worker_processes 1; pid {pid}; error_log stderr;
        events {{ worker_connections 64; }}
        http {{
            access_log off; client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy;
            fastcgi_temp_path {dir}/fastcgi; scgi_temp_path {dir}/scgi;
            uwsgi_temp_path {dir}/uwsgi; client_max_body_size 64m;
            server {{
                listen {address} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
                ssl_protocols TLSv1.2 TLSv1.3;
                location / {{ {location} }}
            }}
        }}",
        pid = arg(&case.dir.path("pid")),
        dir = arg(&directory),
        certificate = arg(&certificate),
        key = arg(&key),
    );
    let mut command = Command::new("nginx");
    command.arg("-p").arg(&directory).arg("-c").arg(case.dir.file("nginx.conf", &configuration));
    Process::start(command)
}
