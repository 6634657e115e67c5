//! A client's connection that is kept from request to request: as much of HTTP/1.1 as the gateway speaks.

use local::failure::{Context, Failure, Result};
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// One connection.
pub struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

impl Connection {
    /// Opens one.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("connecting")?;
        stream.set_nodelay(true).context("connecting")?;
        Ok(Self { stream: BufReader::new(stream), line: String::new(), body: Vec::new() })
    }

    /// Sends a whole request and reads the whole answer: its status.
    ///
    /// # Errors
    /// When the connection ends, or what comes back is no answer with a `content-length`.
    pub async fn send(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await.context("sending a request")?;
        let status = self.line().await?.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| Failure::new("an answer without a status"))?;
        let mut length = None;
        loop {
            let line = self.line().await?;
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = Some(value.trim().parse::<usize>().context("an answer's length")?);
                }
                Some(_) => {}
                None => break,
            }
        }
        let length = length.ok_or_else(|| Failure::new("an answer without a length"))?;
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).await.context("reading an answer")?;
        Ok(status)
    }

    /// The next line of an answer's head.
    async fn line(&mut self) -> Result<&str> {
        self.line.clear();
        let read = self.stream.read_line(&mut self.line).await.context("reading an answer")?;
        if read == 0 { Err(Failure::new("the connection has ended")) } else { Ok(self.line.trim_end()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn answers_are_told_apart_on_one_connection() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut connection = Connection::open(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let answers = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n";
        server.write_all(answers.as_bytes()).await.unwrap();
        assert_eq!(connection.send(b"1").await, Ok(200));
        assert_eq!(connection.send(b"2").await, Ok(404));
        let mut asked = [0; 2];
        server.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"12");
        server.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        assert_eq!(connection.send(b"3").await, Err(Failure::new("an answer without a length")));
        drop(server);
        assert!(connection.send(b"4").await.is_err());
    }
}
