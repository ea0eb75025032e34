//! Byte-level BPE from texts.

use serde_json::{Value, json};
use tokenizers::AddedToken;
use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::processors::template::TemplateProcessing;

use super::encoding::Tokenizer;
use super::error::TokenizerError;
use super::phrases::{TokenSpan, common_phrases, with_phrases};

/// How a tokenizer is trained.
///
/// The default special tokens are those of the built-in chat template `chatml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BpeTraining {
    /// Tokens of the vocabulary at most, special tokens and the 256 bytes included.
    pub vocab_size: usize,
    /// Times that a pair of tokens must occur to become a token.
    pub min_frequency: u64,
    /// What a token lies within.
    pub span: TokenSpan,
    /// Begins a text.
    pub bos: Option<String>,
    /// Ends a text or a turn.
    pub eos: String,
    /// Fills up rows of a batch.
    pub pad: Option<String>,
    /// Further special tokens.
    pub others: Vec<String>,
}

impl Default for BpeTraining {
    fn default() -> Self {
        Self {
            vocab_size: 4096,
            min_frequency: 2,
            span: TokenSpan::Word,
            bos: Some("<|bos|>".to_owned()),
            eos: "<|im_end|>".to_owned(),
            pad: Some("<|pad|>".to_owned()),
            others: vec!["<|im_start|>".to_owned()],
        }
    }
}

impl BpeTraining {
    /// The special tokens in the order of their ids, from 0.
    fn special(&self) -> Vec<&str> {
        let named = [self.bos.as_deref(), Some(&*self.eos), self.pad.as_deref()];
        named
            .into_iter()
            .flatten()
            .chain(self.others.iter().map(String::as_str))
            .collect()
    }

    fn validate(&self) -> Result<(), TokenizerError> {
        let special = self.special();
        let refuse = |reason: String| Err(TokenizerError::Training { reason });
        for (at, token) in special.iter().enumerate() {
            if token.is_empty() || special[..at].contains(token) {
                return refuse(format!("special token {token:?} is empty or named twice"));
            }
        }
        let least = 256 + special.len();
        if self.vocab_size < least {
            return refuse(format!(
                "vocabulary of {} tokens, expected at least {least}: 256 bytes and {} special tokens",
                self.vocab_size,
                special.len()
            ));
        }
        Ok(())
    }

    /// A byte-level BPE tokenizer of `texts`, with the built-in chat template `chatml`.
    ///
    /// Every text can be encoded, as all bytes are tokens. Special tokens within the texts are
    /// left out of the counts. A vocabulary may stay smaller than asked where the texts hold too
    /// few pairs.
    ///
    /// # Errors
    /// [`TokenizerError::Training`] when the vocabulary has no room for bytes and special tokens,
    /// or when special tokens are equal or empty.
    ///
    /// # Determinism
    /// Equal texts in any order and options give the same tokenizer on any number of threads.
    pub fn train<I>(&self, texts: I) -> Result<Tokenizer, TokenizerError>
    where
        I: IntoIterator,
        I::IntoIter: Send,
        I::Item: AsRef<str>,
    {
        self.validate()?;
        let failed = |error: tokenizers::Error| TokenizerError::Training {
            reason: error.to_string(),
        };
        let special = self.special();
        let pre_tokenizer = self.span.pre_tokenizer().map_err(failed)?;
        let pieces: Vec<String> = texts
            .into_iter()
            .flat_map(|text| without(text.as_ref(), &special))
            .collect();
        let phrases = match self.span {
            TokenSpan::Word => Vec::new(),
            TokenSpan::Phrase => {
                let room = self.vocab_size - 256 - special.len();
                let most = room - room / 4;
                common_phrases(&pieces, &pre_tokenizer, self.min_frequency, most).map_err(failed)?
            }
        };
        let tokens = special.iter().map(|token| AddedToken::from(*token, true));
        let trainer = BpeTrainer::builder()
            .vocab_size(self.vocab_size - phrases.len())
            .min_frequency(self.min_frequency)
            .special_tokens(tokens.collect())
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .show_progress(false)
            .build();
        let mut inner = tokenizers::Tokenizer::new(BPE::default());
        inner.with_pre_tokenizer(Some(pre_tokenizer));
        inner.with_decoder(Some(ByteLevel::new(false, true, true)));
        inner
            .train(&mut TrainerWrapper::BpeTrainer(trainer), pieces.into_iter())
            .map_err(failed)?;
        if self.span == TokenSpan::Phrase {
            inner = with_phrases(&inner, phrases, self.vocab_size).map_err(failed)?;
        }
        if let Some(bos) = &self.bos {
            // As in the files of Llama: the first token is added to a plain text.
            let id = inner.token_to_id(bos).unwrap_or_default();
            let template = TemplateProcessing::builder()
                .try_single(vec![bos.clone(), "$A".to_owned()])
                .and_then(|builder| {
                    builder.try_pair(vec![bos.clone(), "$A".to_owned(), "$B".to_owned()])
                })
                .map_err(|reason| TokenizerError::Training { reason })?
                .special_tokens(vec![(bos.clone(), id)])
                .build()
                .map_err(|error| TokenizerError::Training {
                    reason: error.to_string(),
                })?;
            inner.with_post_processor(Some(template));
        }
        let config = json!({
            "bos_token": self.bos,
            "eos_token": self.eos,
            "pad_token": self.pad,
            "clean_up_tokenization_spaces": false,
            "tokenizer_class": "PreTrainedTokenizerFast",
        });
        let mut tokenizer =
            Tokenizer::from_inner("trained tokenizer", inner, config, &Value::Null)?;
        tokenizer.set_chat_template(crate::local::text::chat::CHATML);
        Ok(tokenizer)
    }
}

/// The pieces of a text between special tokens.
fn without(text: &str, special: &[&str]) -> Vec<String> {
    let mut pieces = vec![text];
    for token in special {
        pieces = pieces
            .into_iter()
            .flat_map(|piece| piece.split(token))
            .filter(|piece| !piece.is_empty())
            .collect();
    }
    pieces.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Vec<String> {
        (0..200)
            .map(|i| {
                format!(
                    "round {i}: the agent asks the nurse<|im_end|> and answers naïve {}",
                    i * 7
                )
            })
            .collect()
    }

    fn trained(texts: &[String]) -> Tokenizer {
        let options = BpeTraining {
            vocab_size: 320,
            ..BpeTraining::default()
        };
        options.train(texts).unwrap()
    }

    #[test]
    fn training_is_repeatable_in_any_order_and_encodes_every_text() {
        let mut list = texts();
        let tokenizer = trained(&list);
        list.reverse();
        assert_eq!(trained(&list).hash(), tokenizer.hash());
        assert_eq!(tokenizer.vocab_size(), 320);
        let text = "the nurse 温度 🙂\n\tasks";
        let ids = tokenizer.encode(text, false).unwrap();
        assert!(ids.len() < text.len());
        assert_eq!(tokenizer.decode(&ids, false).unwrap(), text);
        assert_eq!(tokenizer.encode("<|im_end|>", true).unwrap(), [0, 1]);
        assert_eq!(tokenizer.eos_ids(), [1]);
        for id in 4..320 {
            let bytes = tokenizer.token_bytes(id).unwrap();
            assert_eq!(bytes.len() == 1, id < 260);
            assert!(
                id < 260 || !bytes.contains(&b'|'),
                "token {id} holds a part of a special one"
            );
        }
    }

    #[test]
    fn a_saved_tokenizer_reads_back_the_same() {
        for span in [TokenSpan::Word, TokenSpan::Phrase] {
            let options = BpeTraining {
                vocab_size: 320,
                span,
                ..BpeTraining::default()
            };
            let tokenizer = options.train(texts()).unwrap();
            let folder = tempfile::tempdir().unwrap();
            tokenizer.save(folder.path()).unwrap();
            let back = Tokenizer::from_folder(folder.path()).unwrap();
            assert_eq!(back.hash(), tokenizer.hash());
            assert_eq!(back.special(), tokenizer.special());
            assert_eq!(back.config(), tokenizer.config());
            assert!(back.config()["chat_template"].is_string());
        }
    }

    #[test]
    fn phrases_become_tokens_and_end_at_quotes_lines_and_stops() {
        let question = "Do you have a cough?";
        let texts: Vec<String> = (0..50)
            .map(|_| {
                format!("{question} No.\n{{\"ask\":\"{question}\",\"of\":[\"a b\",\"c, d\"]}}")
            })
            .collect();
        let training = BpeTraining {
            span: TokenSpan::Phrase,
            ..BpeTraining::default()
        };
        let tokenizer = training.train(&texts).unwrap();
        let text = &texts[0];
        let ids = tokenizer.encode(text, false).unwrap();
        let pieces: Vec<String> = ids
            .iter()
            .map(|id| tokenizer.decode(&[*id], false).unwrap())
            .collect();
        let expected = [
            question,
            " No.\n",
            "{\"ask\":\"",
            question,
            "\",\"of\":[\"",
            "a b",
            "\",\"",
            "c, d",
            "\"]}",
        ];
        assert_eq!(pieces, expected);
        let other = "温度 is .5 🙂, \"quoted\"\n\n?";
        let ids = tokenizer.encode(other, false).unwrap();
        assert_eq!(tokenizer.decode(&ids, false).unwrap(), other);
    }

    #[test]
    fn too_small_a_vocabulary_and_equal_special_tokens_are_refused() {
        let small = BpeTraining {
            vocab_size: 259,
            ..BpeTraining::default()
        };
        let error = small.train(["a"]).unwrap_err();
        assert!(error.to_string().contains("at least 260"), "{error}");
        let twice = BpeTraining {
            pad: Some("<|im_end|>".to_owned()),
            ..BpeTraining::default()
        };
        assert!(
            twice
                .train(["a"])
                .unwrap_err()
                .to_string()
                .contains("twice")
        );
    }
}
