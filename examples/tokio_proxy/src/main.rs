//! See the library, which the test uses too.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match tokio_proxy::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
