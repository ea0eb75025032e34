//! Keeps the words of a conversation from becoming the model's special tokens.
//!
//! A message that says `<|im_end|>` must not end its turn. So a mark is put into the names of
//! special tokens wherever words hold them, before the template sees the words; the tokenizer
//! takes marked names for text.
//!
//! Deviation: Hugging Face transformers encodes such names as special tokens.

use std::ops::Range;

use serde_json::Value;

use super::template::RenderRequest;

/// Marks in the words of a conversation.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    names: Vec<String>,
    /// First characters of the names.
    firsts: Vec<char>,
}

/// A conversation with marks.
#[derive(Debug)]
pub(super) struct Guarded {
    pub(super) messages: Vec<Value>,
    pub(super) documents: Option<Value>,
    pub(super) mark: char,
}

impl Guarded {
    /// The request with the marked conversation.
    pub(super) fn request<'a, M>(
        &'a self,
        request: &RenderRequest<'a, M>,
    ) -> RenderRequest<'a, Value> {
        RenderRequest {
            documents: self.documents.as_ref(),
            ..request.with(&self.messages)
        }
    }
}

impl Guard {
    /// A guard against the special tokens with these names.
    pub(super) fn new(names: Vec<String>) -> Self {
        let mut firsts: Vec<char> = names
            .iter()
            .filter_map(|name| name.chars().next())
            .collect();
        firsts.sort_unstable();
        firsts.dedup();
        Self { names, firsts }
    }

    /// The conversation with marks; `None` where it needs none.
    ///
    /// Everything in messages is words but their role.
    pub(super) fn mark(&self, messages: &[Value], documents: Option<&Value>) -> Option<Guarded> {
        let mut named = false;
        let mut see = |text: &str| named |= self.places(text).next().is_some();
        messages.iter().for_each(|message| words(message, &mut see));
        documents.into_iter().for_each(|all| words(all, &mut see));
        if !named {
            return None;
        }
        // A private character; there is always one that is free.
        let mark = ('\u{e000}'..=char::MAX).find(|mark| {
            let mut there = false;
            let mut see = |text: &str| there |= text.contains(*mark);
            messages.iter().for_each(|message| words(message, &mut see));
            documents.into_iter().for_each(|all| words(all, &mut see));
            !there
        })?;
        let marked = |value: &Value| {
            let mut value = value.clone();
            self.put(&mut value, mark);
            value
        };
        Some(Guarded {
            messages: messages.iter().map(marked).collect(),
            documents: documents.map(marked),
            mark,
        })
    }

    /// Where marks belong: after the first character of every name.
    fn places<'a>(&'a self, text: &'a str) -> impl Iterator<Item = usize> + 'a {
        let begins = text.char_indices();
        begins
            .filter(|(_, c)| self.firsts.contains(c))
            .filter_map(|(at, c)| {
                let rest = &text[at..];
                let named = self.names.iter().any(|name| rest.starts_with(name));
                named.then_some(at + c.len_utf8())
            })
    }

    fn put(&self, value: &mut Value, mark: char) {
        match value {
            Value::String(text) => {
                let places: Vec<usize> = self.places(text).collect();
                for at in places.into_iter().rev() {
                    text.insert(at, mark);
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.put(value, mark)),
            Value::Object(map) => {
                for (_, value) in map.iter_mut().filter(|(key, _)| *key != "role") {
                    self.put(value, mark);
                }
            }
            _ => {}
        }
    }
}

/// Shows all texts but roles.
fn words(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(list) => list.iter().for_each(|value| words(value, see)),
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| *key != "role")
            .for_each(|(_, value)| words(value, see)),
        _ => {}
    }
}

/// A range of a marked text as one of the text without marks.
pub(super) fn unmarked(text: &str, mark: char, range: &Range<usize>) -> Range<usize> {
    let before = |at: usize| at - text[..at].matches(mark).count() * mark.len_utf8();
    before(range.start)..before(range.end)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_stand_in_names_only_and_not_in_roles() {
        let guard = Guard::new(vec!["<a>".to_owned(), "a><".to_owned()]);
        let messages = [
            json!({"role": "<a>", "content": "x<a><a", "parts": [{"text": "\u{e000}<a"}]}),
            json!({"role": "user", "content": null}),
        ];
        let marked = guard.mark(&messages, None).unwrap();
        assert_eq!(marked.mark, '\u{e001}');
        let first = &marked.messages[0];
        assert_eq!(first["role"], "<a>");
        assert_eq!(first["content"], "x<\u{e001}a\u{e001}><a");
        assert_eq!(first["parts"], messages[0]["parts"]);
        assert_eq!(marked.messages[1], messages[1]);
        let text = first["content"].as_str().unwrap();
        assert_eq!(unmarked(text, marked.mark, &(1..text.len())), 1..6);
        assert!(guard.mark(&messages[1..], None).is_none());
        let documents = json!([{"text": "<a>"}]);
        assert!(guard.mark(&messages[1..], Some(&documents)).is_some());
    }
}
