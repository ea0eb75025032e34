//! Which parts of a rendered conversation the assistant says.
//!
//! Templates rewrite what they are given: they trim it, cut thoughts out of it, leave messages
//! away. So marks are put into the assistant's messages and looked for in the text; where the
//! text without the marks is not the text of the unmarked conversation, the parts are told by
//! rendering the beginnings of the conversation instead. A template with `{% generation %}` says
//! it itself.

use std::ops::Range;

use serde::Serialize;
use serde_json::{Value, json};

use super::environment::GENERATION;
use super::error::ChatError;
use super::marks::{Marks, Place, said};
use super::template::{ChatTemplate, RenderRequest};

/// A rendered conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// Byte ranges of what the assistant says, each with the text that ends its turn, in order.
    pub assistant: Vec<Range<usize>>,
}

impl ChatTemplate {
    /// The text of a conversation with the parts that the assistant says: what a model learns.
    ///
    /// # Errors
    /// As [`ChatTemplate::render`]; [`ChatError::NoSpan`] where the template rewrites a message
    /// so much that its part of the text cannot be told.
    pub fn render_with_spans<M: Serialize>(
        &self,
        request: &RenderRequest<'_, M>,
    ) -> Result<Rendered, ChatError> {
        let messages = request.values()?;
        let request = request.with(&messages);
        let text = self.render(&request)?;
        let default = request.tools.is_none() || self.source().tool_use.is_none();
        if self.marks_generation() && default {
            let marked = self.render_marked(&request)?;
            let marks = Marks::new(GENERATION[0], 2);
            let (plain, found) = marks.take(&marked);
            if plain == text && found[0].len() == found[1].len() {
                let pairs = found[0].iter().zip(&found[1]);
                let assistant = pairs.map(|(start, end)| *start..*end).collect();
                return Ok(Rendered { text, assistant });
            }
        }
        let assistant = self.spans(&request, &text)?;
        Ok(Rendered { text, assistant })
    }

    /// The text that ends the assistant's turn, such as `<|im_end|>`; `None` if there is none.
    pub fn turn_end(&self) -> Option<String> {
        let messages = [
            json!({"role": "user", "content": "a"}),
            json!({"role": "assistant", "content": "b"}),
        ];
        let rendered = self
            .render_with_spans(&RenderRequest::whole(&messages))
            .ok()?;
        let span = rendered.assistant.first()?.clone();
        let said = &rendered.text[span];
        let (_, end) = said.split_once('b')?;
        let end = end.trim();
        (!end.is_empty()).then(|| end.to_owned())
    }

    fn spans(
        &self,
        request: &RenderRequest<'_, Value>,
        text: &str,
    ) -> Result<Vec<Range<usize>>, ChatError> {
        let messages = request.messages;
        let marked = [Place::Outside, Place::Inside]
            .into_iter()
            .find_map(|place| self.mark(request, text, place));
        let mut spans = Vec::new();
        for (index, message) in messages.iter().enumerate() {
            let Some(content) = said(message) else {
                continue;
            };
            if content.trim().is_empty() {
                // Only what the template adds, such as the end of the turn, if that can be told.
                spans.extend(self.by_beginnings(request, text, index));
                continue;
            }
            let by_marks = match &marked {
                Some((place, found)) => match (&found[2 * index][..], &found[2 * index + 1][..]) {
                    // The template leaves the message away.
                    ([], []) => continue,
                    ([start], [end]) if start <= end => Some((*place, *start..*end)),
                    // The template cuts the beginning away or rewrites it, such as thoughts.
                    ([], [end]) => {
                        let start = self
                            .prompt_end(request, text, index)
                            .filter(|start| start <= end)
                            .unwrap_or_else(|| kept_start(&text[..*end], &content, *place));
                        Some((*place, start..*end))
                    }
                    _ => None,
                },
                None => None,
            };
            let span = match by_marks {
                Some((place, span)) => {
                    span.start
                        ..span.end + self.turn_end_after(request, text, index, place, span.end)
                }
                None => self.by_beginnings(request, text, index)?,
            };
            spans.push(span);
        }
        Ok(spans)
    }

    /// The offsets of the marks, if they change nothing else.
    fn mark(
        &self,
        request: &RenderRequest<'_, Value>,
        text: &str,
        place: Place,
    ) -> Option<(Place, Vec<Vec<usize>>)> {
        let marks = Marks::free(request.messages)?;
        let marked = marks.put(request.messages, place);
        let (plain, found) = marks.take(&self.render(&request.with(&marked)).ok()?);
        (plain == text).then_some((place, found))
    }

    /// Length of what ends the turn of message `index` after its content, which ends at `end`:
    /// what follows it also where it is the last message, but for white space at the very end.
    fn turn_end_after(
        &self,
        request: &RenderRequest<'_, Value>,
        text: &str,
        index: usize,
        place: Place,
        end: usize,
    ) -> usize {
        let following = |add_generation_prompt| {
            let mut last = request.with(&request.messages[..=index]);
            last.add_generation_prompt = add_generation_prompt;
            let marks = Marks::free(last.messages)?;
            let marked = marks.put(last.messages, place);
            let (plain, found) = marks.take(&self.render(&last.with(&marked)).ok()?);
            let end = *found[2 * index + 1].first()?;
            Some(plain[end..].to_owned())
        };
        let (Some(closed), Some(open)) = (following(false), following(true)) else {
            return 0;
        };
        let closing = shared(&closed, &open);
        shared(&text[end..], closing).trim_end().len()
    }

    /// Where message `index` begins: after the conversation before it with the beginning of the
    /// assistant's answer, if the text begins with that.
    fn prompt_end(
        &self,
        request: &RenderRequest<'_, Value>,
        text: &str,
        index: usize,
    ) -> Option<usize> {
        let mut before = request.with(&request.messages[..index]);
        before.add_generation_prompt = true;
        let before = self.render(&before).ok()?;
        text.starts_with(&before).then_some(before.len())
    }

    /// The part of message `index` as what it adds to the conversation before it.
    fn by_beginnings(
        &self,
        request: &RenderRequest<'_, Value>,
        text: &str,
        index: usize,
    ) -> Result<Range<usize>, ChatError> {
        let mut with = request.with(&request.messages[..=index]);
        with.add_generation_prompt = false;
        match (self.prompt_end(request, text, index), self.render(&with)) {
            (Some(start), Ok(with)) if text.starts_with(&with) && with.trim_end().len() > start => {
                Ok(start..with.trim_end().len())
            }
            _ => Err(ChatError::NoSpan { index }),
        }
    }
}

/// The common beginning of two texts, whole words of it where both go on.
fn shared<'a>(a: &'a str, b: &str) -> &'a str {
    let pairs = a.chars().zip(b.chars());
    let common: usize = pairs
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum();
    if common == a.len() || common == b.len() {
        return &a[..common];
    }
    let words = a[..common].trim_end_matches(|c: char| !c.is_whitespace());
    &a[..words.len()]
}

/// Where the part of `content` begins that is left at the end of `text`.
fn kept_start(text: &str, content: &str, place: Place) -> usize {
    let content = match place {
        Place::Outside => content,
        Place::Inside => content.trim_end(),
    };
    let kept = &text[text.len() - common_suffix(text, content)..];
    // White space before it may be the template's as well.
    text.len() - kept.trim_start().len()
}

/// Bytes of the longest common end, in whole characters.
fn common_suffix(a: &str, b: &str) -> usize {
    let pairs = a.chars().rev().zip(b.chars().rev());
    pairs
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::text::chat::{BUILTIN, TemplateSource};
    use crate::local::text::tokenizer::{SpecialToken, SpecialTokens};
    use crate::request::Message;

    fn template(source: &str) -> ChatTemplate {
        let special = SpecialTokens {
            eos: vec![SpecialToken {
                text: "</s>".into(),
                id: 2,
            }],
            ..SpecialTokens::default()
        };
        ChatTemplate::new(&TemplateSource::of_text(source), &special).unwrap()
    }

    fn conversation() -> Vec<Message> {
        vec![
            Message::new("system", "Be brief."),
            Message::new("user", " What is it? "),
            Message::new("assistant", "  <think>so</think>\n\nA fever.\n"),
            Message::new("user", "A fever."),
            Message::new("assistant", "A fever."),
        ]
    }

    fn said(source: &str) -> Vec<String> {
        let messages = conversation();
        let request = RenderRequest::whole(&messages);
        let rendered = template(source).render_with_spans(&request).unwrap();
        assert_eq!(rendered.text, template(source).render(&request).unwrap());
        let parts = rendered.assistant.into_iter();
        parts.map(|span| rendered.text[span].to_owned()).collect()
    }

    #[test]
    fn parts_are_told_whatever_the_template_does_to_them() {
        let whole = "  <think>so</think>\n\nA fever.\n";
        let raw = "{% for m in messages %}[{{ m.role }}]{{ m.content }}<end>\n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";
        assert_eq!(said(raw), [&format!("{whole}<end>"), "A fever.<end>"]);
        let trimmed = raw.replace("m.content", "m.content | trim");
        assert_eq!(
            said(&trimmed),
            ["<think>so</think>\n\nA fever.<end>", "A fever.<end>"]
        );
        let cut = raw.replace("m.content", "m.content.split('</think>')[-1].lstrip('\\n')");
        assert_eq!(said(&cut), ["A fever.\n<end>", "A fever.<end>"]);
        let bare = "{% for m in messages %}{{ m.content.strip() }}\n\n{% endfor %}";
        assert_eq!(said(bare), ["<think>so</think>\n\nA fever.", "A fever."]);
        let closed = raw.to_owned() + "{% if not add_generation_prompt %}<eos>{% endif %}";
        assert_eq!(said(&closed), [&format!("{whole}<end>"), "A fever.<end>"]);
        let dropped = "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}";
        assert!(said(dropped).is_empty());
        let rewritten = raw.replace("m.content", "m.content | length");
        assert_eq!(said(&rewritten), ["30<end>", "8<end>"]);
    }

    #[test]
    fn built_in_templates_mark_what_the_assistant_says() {
        for (name, source) in BUILTIN {
            let end = if name == "chatml" {
                "<|im_end|>"
            } else {
                "</s>"
            };
            let whole = format!("  <think>so</think>\n\nA fever.\n{end}");
            assert_eq!(said(source), [whole, format!("A fever.{end}")], "{name}");
            assert!(template(source).marks_generation());
            assert_eq!(template(source).turn_end().as_deref(), Some(end));
        }
        let none = "{% for m in messages %}{{ m.content }}\n{% endfor %}";
        assert_eq!(template(none).turn_end(), None);
    }

    #[test]
    fn rewritten_thoughts_are_learned_and_an_empty_message_breaks_nothing() {
        let source = "{% for m in messages %}<{{ m.role }}>\n{% if '</think>' in m.content %}<think>\n{{ m.content.split('</think>')[0].split('<think>')[-1] }}\n</think>\n{{ m.content.split('</think>')[-1] }}{% else %}{{ m.content }}{% endif %}<end>\n{% endfor %}{% if add_generation_prompt %}<assistant>\n{% endif %}";
        assert_eq!(
            said(source),
            [
                "<think>\nso\n</think>\n\n\nA fever.\n<end>",
                "A fever.<end>"
            ]
        );
        let messages = [Message::new("user", "a"), Message::new("assistant", "")];
        let rendered = template(source)
            .render_with_spans(&RenderRequest::whole(&messages))
            .unwrap();
        assert_eq!(&rendered.text[rendered.assistant[0].clone()], "<end>");
    }

    #[test]
    fn parts_that_cannot_be_told_are_an_error() {
        let messages = conversation();
        let request = RenderRequest::whole(&messages);
        let source =
            "{{ messages | length }}{% for m in messages %}{{ m.content | length }}{% endfor %}";
        let error = template(source).render_with_spans(&request).unwrap_err();
        assert!(matches!(error, ChatError::NoSpan { index: 2 }), "{error}");
    }
}
