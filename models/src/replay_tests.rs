use super::*;
use crate::call::tests::record;
use crate::function::FnModel;
use crate::request::tests::request;

fn ask(model: &ReplayModel, requests: &[ModelRequest]) -> Vec<Result<ModelReply, ModelError>> {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(model.complete(requests))
}

fn lines(count: u32) -> String {
    (0..count)
        .map(|n| record(request(n, "q"), Ok("recorded")).to_line().unwrap() + "\n")
        .collect()
}

#[test]
fn recorded_calls_come_back_at_no_cost() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("calls.jsonl");
    std::fs::write(&path, lines(3)).unwrap();
    let model = ReplayModel::open(&path).unwrap();
    assert_eq!((model.name(), model.len()), ("m", 3));
    let reply = ask(&model, &[request(1, "q")])[0].clone().unwrap();
    assert_eq!(reply.text, "recorded");
    assert_eq!(
        (reply.usage.cost_usd, reply.usage.prompt_tokens),
        (Some(0.0), 3)
    );
    assert!(reply.usage.cache_hit);
}

#[test]
fn a_missing_or_different_request_is_an_error_that_says_which() {
    let model = ReplayModel::from_lines(lines(2).as_bytes()).unwrap();
    let got = ask(
        &model,
        &[request(5, "q"), request(1, "other"), request(0, "q")],
    );
    assert!(matches!(&got[0], Err(ModelError::NotRecorded { key }) if key.number == 5));
    let text = got[1].clone().unwrap_err().to_string();
    assert!(text.contains("number 1") && text.contains(r#"recorded "q", got "other""#));
    assert!(got[2].is_ok());
}

#[test]
fn what_is_not_recorded_goes_to_the_inner_model() {
    let inner = FnModel::new("m", |r| Ok(format!("live {}", r.key.number)));
    let model = ReplayModel::from_lines(lines(2).as_bytes())
        .unwrap()
        .with_inner(Some(Arc::new(inner)));
    let asked = [
        request(7, "q"),
        request(0, "q"),
        request(8, "q"),
        request(1, "changed"),
    ];
    let got = ask(&model, &asked);
    let text = |i: usize| got[i].clone().unwrap().text;
    assert_eq!(
        (text(0), text(1), text(2)),
        ("live 7".into(), "recorded".into(), "live 8".into())
    );
    assert!(!got[0].clone().unwrap().usage.cache_hit);
    assert!(matches!(got[3], Err(ModelError::Differs { .. })));
}

#[test]
fn another_model_than_the_recorded_one_is_a_difference() {
    let model = ReplayModel::from_lines(lines(1).as_bytes())
        .unwrap()
        .with_inner(Some(Arc::new(FnModel::new("n", |_| Ok(String::new())))));
    let error = ask(&model, &[request(0, "q")])[0].clone().unwrap_err();
    assert!(
        error.to_string().contains("model: recorded m, got n"),
        "{error}"
    );
}

#[test]
fn a_recording_of_several_models_is_parted_by_name() {
    let mut other = record(request(1, "q"), Ok("theirs"));
    other.model = "n".to_owned();
    other.request_hash = request(1, "q").hash("n");
    let records = [record(request(0, "q"), Ok("ours")), other];
    let model = ReplayModel::from_records(records).unwrap().for_model("n");
    assert_eq!((model.name(), model.len()), ("n", 1));
    assert!(model.recall(&request(0, "q")).is_none());
    assert_eq!(
        model.recall(&request(1, "q")).unwrap().unwrap().text,
        "theirs"
    );
}

#[test]
fn a_failed_call_fails_again_unless_a_later_line_has_its_reply() {
    let failed = record(request(0, "q"), Err(ModelError::Timeout { after_ms: 3 }));
    let model = ReplayModel::from_records([failed.clone()]).unwrap();
    let error = ask(&model, &[request(0, "q")])[0].clone().unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(error.to_string(), "no reply within 3 ms");
    let fixed = record(request(0, "q"), Ok("then"));
    let model = ReplayModel::from_records([failed, fixed]).unwrap();
    assert_eq!(
        ask(&model, &[request(0, "q")])[0].clone().unwrap().text,
        "then"
    );
}

#[test]
fn from_a_round_of_one_episode_on_calls_are_made_anew() {
    let at = |episode, round, number| {
        let mut asked = request(number, "q");
        (asked.key.episode, asked.key.round) = (EpisodeIx(episode), RoundIx(round));
        asked
    };
    let places = [at(0, 1, 0), at(0, 2, 1), at(1, 2, 0)];
    let records = places.clone().map(|asked| record(asked, Ok("recorded")));
    let from = Divergence {
        episode: EpisodeIx(0),
        round: RoundIx(2),
    };
    let live = FnModel::new("another", |_| Ok("live".to_owned()));
    let model = ReplayModel::from_records(records)
        .unwrap()
        .diverging(from, Arc::new(live));
    let rounds = &model.rounds()[&EpisodeIx(0)];
    assert!(rounds.iter().eq([&RoundIx(1), &RoundIx(2)]));
    let mut asked = places.to_vec();
    asked.push(at(0, 3, 2));
    asked.push(at(1, 3, 1));
    let got = ask(&model, &asked);
    let texts = got[..4].iter().map(|got| got.clone().unwrap().text);
    assert!(texts.eq(["recorded", "live", "recorded", "live"]));
    assert!(matches!(got[4], Err(ModelError::NotRecorded { .. })));
    assert!(model.recorded(&asked[0]).is_some() && model.recorded(&asked[1]).is_none());
    // The record of the new course is whole.
    let recalled = got[..4].iter().any(|got| got.clone().unwrap().recalled);
    assert!(!recalled && got[0].clone().unwrap().usage.cache_hit);
}

#[test]
fn what_a_recorded_request_took_counts_its_attempts() {
    let answered = record(request(0, "q"), Ok("then"));
    let mut earlier = answered.clone();
    earlier.asked_again = true;
    earlier.reply = None;
    let model = ReplayModel::from_records([earlier, answered]).unwrap();
    let spent = model.recorded(&request(0, "q")).unwrap();
    assert_eq!((spent.calls, spent.nano_usd), (2, 1_000_000_000));
    assert_eq!(model.recorded(&request(1, "q")), None);
    assert!(model.is_priced());
}

#[test]
fn only_the_last_line_may_be_damaged() {
    let text = lines(3);
    for cut in 1..text.len() / 3 - 1 {
        let model = ReplayModel::from_lines(&text.as_bytes()[..text.len() - 1 - cut]).unwrap();
        assert_eq!(model.len(), 2, "cut by {cut}");
    }
    let mut broken: Vec<&str> = text.lines().collect();
    broken[1] = "{\"episode\": 1";
    let error = ReplayModel::from_lines(broken.join("\n").as_bytes())
        .err()
        .unwrap();
    assert!(matches!(error, ReplayError::Damaged { line: 2, .. }));
    let twice = [
        record(request(0, "a"), Ok("x")),
        record(request(0, "b"), Ok("x")),
    ];
    let error = ReplayModel::from_records(twice).err().unwrap();
    assert!(matches!(error, ReplayError::Conflict { line: 2, .. }));
}
