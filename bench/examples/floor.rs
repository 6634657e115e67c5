//! The floor: a bare loop over the Lambda Runtime API (version 2018-06-01) that does nothing with an event but answer `{}`.
//! Blocking, one connection, no crate.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;

fn main() -> Result<()> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(Error::other)?;
    let api = api.strip_prefix("http://").unwrap_or(&api);
    let (host, base) =
        api.split_once('/').map_or((api, String::new()), |(host, base)| (host, format!("/{base}")));
    let mut connection = BufReader::new(TcpStream::connect(host)?);
    connection.get_ref().set_nodelay(true)?;
    let next = format!("GET {base}/2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let (mut line, mut body) = (String::new(), Vec::new());
    loop {
        connection.get_mut().write_all(next.as_bytes())?;
        let request_id = receive(&mut connection, &mut line, &mut body)?;
        let answer = format!(
            "POST {base}/2018-06-01/runtime/invocation/{request_id}/response HTTP/1.1\r\nHost: {host}\r\n\
             Content-Length: 2\r\n\r\n{{}}"
        );
        connection.get_mut().write_all(answer.as_bytes())?;
        receive(&mut connection, &mut line, &mut body)?;
    }
}

/// Reads one response; the invocation's id, where it has one.
fn receive(connection: &mut BufReader<TcpStream>, line: &mut String, body: &mut Vec<u8>) -> Result<String> {
    let (mut length, mut request_id) = (0, String::new());
    loop {
        line.clear();
        if connection.read_line(line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().map_err(Error::other)?,
            "lambda-runtime-aws-request-id" => request_id = value.trim().to_owned(),
            _ => {}
        }
    }
    body.resize(length, 0);
    connection.read_exact(body)?;
    Ok(request_id)
}
