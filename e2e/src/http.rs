//! One HTTP request of a test. IO.

use tokio::process::Command;

/// Status and body of what `url` answers. `curl` asks, so that a test needs no client of its own.
///
/// # Errors
/// No answer within 10 s; in words.
pub async fn get(url: &str) -> Result<(u16, String), String> {
    let output = Command::new("curl")
        .args(["-s", "-m", "10", "-w", "\n%{http_code}", url])
        .output()
        .await
        .map_err(|error| format!("curl: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, code) = text.rsplit_once('\n').ok_or("no answer")?;
    match code.parse() {
        Ok(0) | Err(_) => Err(format!("no answer from {url}")),
        Ok(code) => Ok((code, body.to_owned())),
    }
}
