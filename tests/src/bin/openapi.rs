//! Writes the OpenAPI documents.

#![recursion_limit = "256"]

/// Records every example anew and writes `docs/openapi`.
#[tokio::main]
async fn main() -> std::io::Result<()> {
    for (name, text) in tests::openapi::files().await {
        std::fs::write(tests::openapi::folder().join(name), text)?;
    }
    Ok(())
}
