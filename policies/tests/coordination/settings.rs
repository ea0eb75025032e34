//! Settings, what is sent and what is proved.

use rounds_environments::coordination::{Class, CommGraph, Ground};
use rounds_policies::coordination::{
    BanditOsgOptions, Constants, CoordinationError, Flooding, Method, MplOptions, OseaOptions,
    OsgOptions, OsmaOptions, RotaOptions, SplOptions, SurrogateWeight, Traffic,
};

use super::support::{complete, path};

fn refused(method: Method) -> (&'static str, String) {
    let ground = Ground::new(&[2, 2]).unwrap();
    match method.build(&ground, &path(2), Class::Submodular, 10, 1) {
        Err(CoordinationError::Setting { key, got, .. }) => (key, got),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{method:?} was built"),
    }
}

#[test]
fn settings_that_cannot_be_are_named() {
    let spl = |options: SplOptions| refused(Method::MaSpl(options)).0;
    let with = |weight| SplOptions {
        weight: Some(weight),
        ..SplOptions::default()
    };
    for eta0 in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let options = SplOptions {
            eta0,
            ..SplOptions::default()
        };
        assert_eq!(spl(options), "eta0");
    }
    assert_eq!(spl(with(SurrogateWeight::Rho(-0.1))), "rho");
    assert_eq!(spl(with(SurrogateWeight::Alpha(0.0))), "alpha");
    assert_eq!(spl(with(SurrogateWeight::Alpha(1.1))), "alpha");
    let phi = |gamma, beta| with(SurrogateWeight::Phi { gamma, beta });
    assert_eq!(spl(phi(0.0, 1.0)), "gamma");
    assert_eq!(spl(phi(0.5, 0.9)), "beta");
    let batch = SplOptions {
        batch: 0,
        ..SplOptions::default()
    };
    assert_eq!(spl(batch), "batch");
    let levels = MplOptions {
        levels: Some(0),
        ..MplOptions::default()
    };
    assert_eq!(refused(Method::MaMpl(levels)), ("levels", "0".to_owned()));
    let curvature = OsmaOptions {
        curvature: 0.0,
        ..OsmaOptions::default()
    };
    assert_eq!(refused(Method::MaOsma(curvature)).0, "curvature");
    let mix = OseaOptions {
        mix: Some(1.5),
        ..OseaOptions::default()
    };
    assert_eq!(refused(Method::MaOsea(mix)), ("mix", "1.5".to_owned()));
    let experts = OsgOptions { experts: Some(0) };
    assert_eq!(refused(Method::Osg(experts)).0, "experts");
    let rate = BanditOsgOptions {
        rate: 0.0,
        ..BanditOsgOptions::default()
    };
    assert_eq!(refused(Method::BanditOsg(rate)).0, "rate");
    let period = RotaOptions {
        period: 0,
        ..RotaOptions::default()
    };
    assert_eq!(refused(Method::Rota(period)).0, "period");
}

#[test]
fn episodes_that_cannot_be_are_refused() {
    let ground = Ground::new(&[2, 2, 2]).unwrap();
    let apart = CommGraph::metropolis(3, &[(0, 1)], true).unwrap();
    for name in Method::NAMES {
        let method = Method::from_name(name).unwrap();
        let build = |graph: &CommGraph, horizon| {
            let built = method.build(&ground, graph, Class::Submodular, horizon, 1);
            built.err().map(|error| error.to_string())
        };
        assert_eq!(build(&path(3), 5), None, "{name}");
        assert!(build(&path(3), 0).unwrap().starts_with('T'), "{name}");
        assert!(build(&path(4), 5).unwrap().contains("got 4"), "{name}");
        // Whoever allows it may leave agents out of reach.
        assert_eq!(build(&apart, 5), None, "{name}");
        assert_eq!(build(&path(3), 1), None, "{name}");
    }
    assert_eq!(Method::from_name("ma-xyz"), None);
    let many = Ground::new(&[3; 20]).unwrap();
    let error = Method::Optimum.build(&many, &path(20), Class::Submodular, 5, 1);
    assert!(matches!(error, Err(CoordinationError::TooLarge { .. })));
}

#[test]
fn options_are_read_with_their_defaults() {
    let read: SplOptions =
        serde_json::from_str(r#"{"weight": {"alpha": 0.5}, "batch": 2}"#).unwrap();
    let expected = SplOptions {
        weight: Some(SurrogateWeight::Alpha(0.5)),
        batch: 2,
        ..SplOptions::default()
    };
    assert_eq!(read, expected);
    assert!(serde_json::from_str::<SplOptions>(r#"{"eta": 1.0}"#).is_err());
    let read: MplOptions = serde_json::from_str(r#"{"flooding": "delayed"}"#).unwrap();
    assert_eq!(read.flooding, Flooding::Delayed);
}

#[test]
fn traffic_is_counted_by_edge_direction_and_hop() {
    let ground = Ground::new(&[2, 3, 4, 1]).unwrap();
    let graph = path(4);
    let of = |name: &str| Method::from_name(name).unwrap().traffic(&ground, &graph, 9);
    let traffic = |messages, floats| Traffic { messages, floats };
    assert_eq!(of("ma-spl"), traffic(6, 60));
    assert_eq!(of("osg"), traffic(3, 6));
    assert_eq!(of("greedy"), traffic(3, 6));
    assert_eq!(of("random"), traffic(0, 0));
    // Three hops; L = 3. The ends hear of 3 agents within two hops, the middle of all four.
    let floats = (3 + 2 * 4 + 2 * 4 + 3) * 3;
    assert_eq!(of("ma-mpl"), traffic(18, floats));
    let delayed = Method::MaMpl(MplOptions {
        flooding: Flooding::Delayed,
        ..MplOptions::default()
    });
    assert_eq!(delayed.traffic(&ground, &graph, 9), traffic(6, floats));
    assert_eq!((delayed.lag(&graph), delayed.lag(&complete(4))), (2, 0));
    let one = CommGraph::metropolis(1, &[], false).unwrap();
    let alone = Ground::new(&[2]).unwrap();
    assert_eq!(delayed.lag(&one), 0);
    assert_eq!(delayed.traffic(&alone, &one, 9), traffic(0, 0));
}

#[test]
fn what_is_proved_follows_from_class_constants_and_settings() {
    let ratio = |method: &Method, constants: &Constants, class| {
        method
            .proved_ratio(constants, class)
            .map(|found| found.ratio)
    };
    let of = |name: &str| Method::from_name(name).unwrap();
    let unknown = Constants::default();
    let half = Constants {
        curvature: Some(0.5),
        ..unknown
    };
    let close = |got: Option<f64>, expected: f64| {
        let got = got.unwrap();
        assert!((got - expected).abs() < 1e-12, "{got}, expected {expected}");
    };
    let e = std::f64::consts::E;
    let submodular = Class::Submodular;
    for name in ["ma-spl", "ma-mpl"] {
        close(ratio(&of(name), &unknown, submodular), 1.0 - 1.0 / e);
        close(ratio(&of(name), &half, submodular), 1.0 - 0.5 / e);
    }
    // The method assumes a curvature of 1 whatever the truth.
    close(ratio(&of("ma-osma"), &half, submodular), 1.0 - 1.0 / e);
    let bold = Method::MaOsma(OsmaOptions {
        curvature: 0.4,
        ..OsmaOptions::default()
    });
    assert_eq!(ratio(&bold, &half, submodular), None);
    close(ratio(&of("osg"), &half, submodular), 1.0 / 1.5);
    close(ratio(&of("greedy"), &unknown, submodular), 0.5);
    assert_eq!(ratio(&of("random"), &half, submodular), None);
    close(ratio(&of("optimum"), &unknown, Class::Any), 1.0);
    assert_eq!(ratio(&of("ma-spl"), &half, Class::Any), None);
    let plain = Method::MaMpl(MplOptions {
        distorted: Some(false),
        ..MplOptions::default()
    });
    close(
        ratio(&plain, &half, submodular),
        (1.0 - (-0.5_f64).exp()) / 0.5,
    );

    let weak = Class::WeaklyDr { alpha: Some(0.5) };
    let known = Constants {
        gamma: Some(0.8),
        beta: Some(1.1),
        ..unknown
    };
    let by_alpha = 1.0 - (-0.5_f64).exp();
    let phi = 1.1 * 0.2 + 0.64;
    let by_phi = 0.64 * (1.0 - f64::exp(-phi)) / phi;
    close(ratio(&of("ma-spl"), &unknown, weak), by_alpha);
    close(ratio(&of("ma-mpl"), &unknown, weak), by_alpha);
    close(ratio(&of("ma-mpl"), &known, weak), by_phi);
    assert_eq!(ratio(&of("ma-mpl"), &unknown, Class::Monotone), None);
    let spl = |weight| {
        Method::MaSpl(SplOptions {
            weight: Some(weight),
            ..SplOptions::default()
        })
    };
    let weight = |gamma, beta| spl(SurrogateWeight::Phi { gamma, beta });
    close(ratio(&weight(0.8, 1.1), &known, weak), by_phi);
    assert_eq!(ratio(&weight(0.9, 1.1), &known, weak), None);
    let bold = spl(SurrogateWeight::Alpha(0.6));
    assert_eq!(ratio(&bold, &unknown, weak), None);
    let modest = spl(SurrogateWeight::Alpha(0.3));
    close(ratio(&modest, &unknown, weak), 1.0 - (-0.3_f64).exp());
}
