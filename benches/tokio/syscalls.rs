//! Counts a server's system calls: `strace -c` of a child process of this program.

use core::net::Ipv4Addr;
use std::env::current_exe;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;

use tokio::net::TcpListener;
use tokio::sync::oneshot::channel;

use crate::Error;
use crate::http::{BIG_ANSWERS, Contestant, is_installed, serve, server_config};
use crate::transfers::runtime;
use tokio_benches::Configs;

/// Counts for both contestants, alternately.
pub(crate) fn count() -> Result<(), Error> {
    for program in ["strace", "h2load"] {
        if !is_installed(program) {
            return Err(format!("{program} is not installed").into());
        }
    }
    for name in ["ours", "tokio-rustls"] {
        let mut server = Command::new("strace")
            .args(["-c", "-f", "-e", "trace=write,writev,sendto,sendmsg,read,readv,recvfrom"])
            .args(["-e", "signal=none", "-o", "/dev/stderr"])
            .arg(current_exe()?)
            .args(["--serve", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (Some(stdout), Some(mut stderr)) = (server.stdout.take(), server.stderr.take()) else {
            return Err("a server without pipes".into());
        };
        let mut port = String::new();
        BufReader::new(stdout).read_line(&mut port)?;
        BIG_ANSWERS.run(port.trim().parse()?)?;
        // Ends the server.
        drop(server.stdin.take());
        let mut table = String::new();
        stderr.read_to_string(&mut table)?;
        server.wait()?;
        println!("{name}: {}, {} requests\n{table}", BIG_ANSWERS.name, BIG_ANSWERS.requests);
    }
    Ok(())
}

/// The child process: serves until its standard input ends.
pub(crate) fn serve_until_eof(name: &str) -> Result<(), Error> {
    let config = server_config(&Configs::new()?);
    let contestant = match name {
        "ours" => Contestant::ours(config),
        _ => Contestant::Theirs(config.into()),
    };
    runtime()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?.port());
        let (sender, ended) = channel();
        thread::spawn(move || {
            let result = io::copy(&mut io::stdin(), &mut io::sink());
            sender.send(result.map(drop).map_err(Error::from))
        });
        serve(&listener, &contestant, ended).await
    })
}
