//! The lines of the protocol.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::ProcessFault;
use crate::request::ModelRequest;

/// Version of the protocol, the `schema` of the first line that a program reads.
pub const PROTOCOL: &str = "rounds.process/1";

/// The line of a batch: the first message of each request as it is, which must be a JSON object,
/// with what was wrong with an earlier decision as `note`.
pub(super) fn batch_line<'a>(
    batch: u64,
    requests: impl Iterator<Item = &'a ModelRequest>,
) -> Vec<u8> {
    let mut line = format!("{{\"batch\":{batch},\"asks\":[");
    for (number, request) in requests.enumerate() {
        if number > 0 {
            line.push(',');
        }
        let mut messages = request.messages.iter();
        let ask = messages
            .next()
            .map_or("{}", |message| message.content.trim());
        match messages.next_back() {
            Some(note) => {
                let note = serde_json::Value::from(note.content.as_str());
                let head = ask.strip_suffix('}').unwrap_or("{").trim_end();
                let comma = if head.ends_with('{') { "" } else { "," };
                line.push_str(&format!("{head}{comma}\"note\":{note}}}"));
            }
            None => line.push_str(ask),
        }
    }
    // A line break between the parts of an object would end the line.
    let mut bytes = line.into_bytes();
    bytes.retain(|byte| *byte != b'\n' && *byte != b'\r');
    bytes.extend_from_slice(b"]}\n");
    bytes
}

#[derive(Deserialize)]
struct Reply<'a> {
    batch: u64,
    #[serde(borrow)]
    decisions: Vec<&'a RawValue>,
}

/// The decisions in a line that answers `batch`, each as JSON text.
pub(super) fn decisions(
    line: &[u8],
    batch: u64,
    expected: usize,
    first: u64,
) -> Result<Vec<String>, ProcessFault> {
    let reply: Reply = serde_json::from_slice(line).map_err(|error| ProcessFault::Garbage {
        batch,
        why: error.to_string(),
        got: String::from_utf8_lossy(line).chars().take(80).collect(),
    })?;
    if reply.batch != batch {
        return Err(match reply.batch {
            got if (first..batch).contains(&got) => ProcessFault::Twice { batch: got },
            got => ProcessFault::WrongBatch {
                expected: batch,
                got,
            },
        });
    }
    if reply.decisions.len() != expected {
        return Err(ProcessFault::Count {
            batch,
            expected,
            got: reply.decisions.len(),
        });
    }
    let text = |decision: &&RawValue| decision.get().to_owned();
    Ok(reply.decisions.iter().map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Message;
    use crate::request::tests::request;

    fn ask(messages: &[&str]) -> ModelRequest {
        let mut asked = request(0, "");
        asked.messages = messages.iter().map(|m| Message::new("user", *m)).collect();
        asked
    }

    #[test]
    fn a_batch_is_one_line_of_json_with_its_notes() {
        let asks = [
            ask(&["{\"a\":\n1}"]),
            ask(&["{}", "say it\nagain"]),
            ask(&["{\"b\":2}", "n"]),
        ];
        let line = batch_line(7, asks.iter());
        assert_eq!(line.iter().filter(|b| **b == b'\n').count(), 1);
        let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"batch": 7, "asks": [
                {"a": 1}, {"note": "say it\nagain"}, {"b": 2, "note": "n"}
            ]})
        );
    }

    #[test]
    fn answers_are_read_or_refused_by_what_is_wrong() {
        let read = |line: &str| decisions(line.as_bytes(), 5, 2, 3);
        let good = read(r#"{"batch": 5, "decisions": [{"a": 1}, null], "more": 1}"#);
        assert_eq!(good.unwrap(), ["{\"a\": 1}", "null"]);
        let wrong = |line: &str| read(line).unwrap_err();
        assert!(matches!(wrong("hello"), ProcessFault::Garbage { .. }));
        assert!(matches!(wrong("[1]"), ProcessFault::Garbage { .. }));
        assert_eq!(
            wrong(r#"{"batch":4,"decisions":[]}"#),
            ProcessFault::Twice { batch: 4 }
        );
        for got in [2, 6] {
            let line = format!(r#"{{"batch":{got},"decisions":[]}}"#);
            assert_eq!(wrong(&line), ProcessFault::WrongBatch { expected: 5, got });
        }
        let (batch, expected) = (5, 2);
        for got in [1, 3] {
            let line = format!(r#"{{"batch":5,"decisions":{:?}}}"#, vec![0; got]);
            assert_eq!(
                wrong(&line),
                ProcessFault::Count {
                    batch,
                    expected,
                    got
                }
            );
        }
    }
}
