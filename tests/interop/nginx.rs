//! nginx as a server: a file put there and fetched again.

use std::fs;
use std::process::Command;

use crate::common::process::{Process, arg};
use crate::ours::{Ours, free_address};
use crate::{Case, LEN, pattern};

pub(crate) fn server(case: &Case) {
    let address = free_address();
    let certificate = case.dir.file("cert.pem", &case.identity.certificate_pem);
    let key = case.dir.file("key.pem", &case.identity.key_pem);
    let directory = case.dir.path("");
    fs::create_dir(case.dir.path("files")).expect("a new directory");
    let configuration = format!(
        "daemon off; master_process off; worker_processes 1; pid {pid}; error_log stderr;
        events {{ worker_connections 64; }}
        http {{
            access_log off; client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy;
            fastcgi_temp_path {dir}/fastcgi; scgi_temp_path {dir}/scgi;
            uwsgi_temp_path {dir}/uwsgi; client_max_body_size 64m;
            server {{
                listen {address} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
                ssl_protocols TLSv1.2 TLSv1.3; root {dir}/files;
                location / {{ dav_methods PUT; }}
            }}
        }}",
        pid = arg(&case.dir.path("pid")),
        dir = arg(&directory),
        certificate = arg(&certificate),
        key = arg(&key),
    );
    let mut command = Command::new("nginx");
    command.arg("-p").arg(&directory).arg("-c").arg(case.dir.file("nginx.conf", &configuration));
    let _program = Process::start(command);

    let mut ours = Ours::client(case, address);
    let put = format!("PUT /pattern HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LEN}\r\n\r\n");
    let get = "GET /pattern HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let data = pattern();
    let answers = ours.exchange(&[put.as_bytes(), &data, get.as_bytes()].concat(), usize::MAX);
    assert!(answers.starts_with(b"HTTP/1.1 201 Created"), "the file was made");
    assert!(answers.ends_with(&data), "the file came back");
    ours.close_too();
}
