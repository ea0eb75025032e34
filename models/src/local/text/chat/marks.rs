//! Marks in messages that show where a template puts what the assistant says.

use serde_json::{Value, json};

/// Where the marks of a message lie in the text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// Marks around the whole content.
    Outside,
    /// Marks within the white space at the ends of the content.
    Inside,
}

/// Private characters that no message holds: two for each message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    first: u32,
    count: u32,
}

impl Marks {
    /// `count` marks from the character `first`.
    pub(super) fn new(first: char, count: u32) -> Self {
        Self {
            first: u32::from(first),
            count,
        }
    }

    /// Marks for `messages`, if any are free.
    pub(super) fn free(messages: &[Value]) -> Option<Self> {
        let text = Value::from(messages).to_string();
        let count = u32::try_from(messages.len()).ok()? * 2;
        // The two planes of private characters, and parts of them.
        (0xf_0000..=0x10_ff00_u32)
            .step_by(0x4000)
            .map(|first| Self { first, count })
            .find(|marks| count < 0x4000 && !text.chars().any(|c| marks.index(c).is_some()))
    }

    fn index(self, c: char) -> Option<usize> {
        let index = u32::from(c).checked_sub(self.first)?;
        (index < self.count).then_some(index as usize)
    }

    fn mark(self, index: usize) -> String {
        char::from_u32(self.first + index as u32)
            .map(String::from)
            .unwrap_or_default()
    }

    /// The conversation with marks in the assistant's messages.
    pub(super) fn put(self, messages: &[Value], place: Place) -> Vec<Value> {
        let mut marked = messages.to_vec();
        for (at, message) in marked.iter_mut().enumerate() {
            // A mark would make something of an empty content.
            let Some(content) = said(message).filter(|content| !content.trim().is_empty()) else {
                continue;
            };
            let (start, end) = match place {
                Place::Outside => (0, content.len()),
                Place::Inside => {
                    let start = content.len() - content.trim_start().len();
                    (start, content.trim_end().len().max(start))
                }
            };
            message["content"] = json!(format!(
                "{}{}{}{}{}",
                &content[..start],
                self.mark(2 * at),
                &content[start..end],
                self.mark(2 * at + 1),
                &content[end..]
            ));
        }
        marked
    }

    /// The text without marks, and for each mark its offsets in it.
    pub(super) fn take(self, text: &str) -> (String, Vec<Vec<usize>>) {
        let mut plain = String::with_capacity(text.len());
        let mut found = vec![Vec::new(); self.count as usize];
        for c in text.chars() {
            match self.index(c) {
                Some(index) => found[index].push(plain.len()),
                None => plain.push(c),
            }
        }
        (plain, found)
    }
}

/// What the assistant says in a message; `None` for messages of others.
pub(super) fn said(message: &Value) -> Option<String> {
    if message["role"] != "assistant" {
        return None;
    }
    message["content"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_avoid_the_characters_of_the_messages_and_come_out_where_they_went_in() {
        let taken = char::from_u32(0xf_0001).unwrap();
        let messages = [
            json!({"role": "user", "content": taken.to_string()}),
            json!({"role": "assistant", "content": " b "}),
            json!({"role": "assistant", "content": "  "}),
        ];
        let marks = Marks::free(&messages).unwrap();
        for (place, at) in [(Place::Outside, [0, 3]), (Place::Inside, [1, 2])] {
            let marked = marks.put(&messages, place);
            assert_eq!((&marked[0], &marked[2]), (&messages[0], &messages[2]));
            let (plain, found) = marks.take(marked[1]["content"].as_str().unwrap());
            assert_eq!(plain, " b ");
            assert_eq!([&found[2][..], &found[3][..]], [&[at[0]][..], &[at[1]][..]]);
        }
    }
}
