use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn host(number: usize, zone: &str, silent: u64) -> HostFacts {
    HostFacts {
        instance: format!("i-{number:03}"),
        group: "g".to_owned(),
        zone: zone.to_owned(),
        silence: Some(Duration::from_secs(silent)),
        is_in_service: true,
    }
}

const CALM: Moment = Moment {
    leads_for: SETTLING,
    hears_for: Some(SETTLING),
    since_last: None,
    list_age: Some(Duration::ZERO),
};

const DEAD: Evidence = Evidence {
    hatchet: HatchetWitness::Inactive,
    ec2: Ec2Witness::Fine,
};

fn all(evidence: Evidence, hosts: &[HostFacts]) -> BTreeMap<String, Evidence> {
    let of = |host: &HostFacts| (host.instance.clone(), evidence);
    hosts.iter().map(of).collect()
}

/// All hosts in service of each zone.
fn sizes(hosts: &[HostFacts]) -> ZoneSizes {
    let mut sizes = ZoneSizes::new();
    for host in hosts.iter().filter(|host| host.is_in_service) {
        *sizes
            .entry((host.group.clone(), host.zone.clone()))
            .or_default() += 1;
    }
    sizes
}

#[test]
fn of_a_zone_with_enough_hosts_it_does_not_matter_how_many_more_it_has() {
    for silent in 1..40 {
        for hosts in 0..500 {
            let is_too_many = |hosts| silent > allowed(hosts);
            let counted = hosts.min(enough(silent));
            assert_eq!(
                is_too_many(counted),
                is_too_many(hosts),
                "{silent} of {hosts}"
            );
            // Where there are too many, all hosts were counted.
            assert!(!is_too_many(hosts) || counted == hosts);
        }
    }
}

#[test]
fn the_longest_silent_zombie_is_replaced_and_only_when_it_is_time() {
    let mut hosts: Vec<HostFacts> = (0..40).map(|number| host(number, "a", 5)).collect();
    hosts[7].silence = Some(400 * SECOND);
    hosts[9].silence = Some(500 * SECOND);
    let evidence = all(DEAD, &hosts);
    let replace = |moment: &Moment| judge(&hosts, &sizes(&hosts), &evidence, moment).replace;
    assert_eq!(replace(&CALM).as_deref(), Some("i-009"));
    let never = [
        Moment {
            leads_for: SETTLING.saturating_sub(SECOND),
            ..CALM
        },
        Moment {
            hears_for: None,
            ..CALM
        },
        Moment {
            hears_for: Some(SETTLING.saturating_sub(SECOND)),
            ..CALM
        },
        Moment {
            since_last: Some(MIN_PAUSE.saturating_sub(SECOND)),
            ..CALM
        },
        Moment {
            list_age: Some(MAX_LIST_AGE + SECOND),
            ..CALM
        },
        Moment {
            list_age: None,
            ..CALM
        },
    ];
    for moment in &never {
        assert_eq!(replace(moment), None, "{moment:?}");
    }
    assert!(
        replace(&Moment {
            since_last: Some(MIN_PAUSE),
            ..CALM
        })
        .is_some()
    );
}

#[test]
fn silence_has_to_be_longer_than_its_limit() {
    let mut hosts: Vec<HostFacts> = (0..5).map(|number| host(number, "a", 5)).collect();
    let judged = |hosts: &[HostFacts]| judge(hosts, &sizes(hosts), &all(DEAD, hosts), &CALM);
    hosts[0].silence = Some(ZOMBIE_AFTER);
    assert_eq!(judged(&hosts), Judgement::default());
    hosts[0].silence = Some(ZOMBIE_AFTER + SECOND);
    // A second host that is silent counts from then on.
    hosts[1].silence = Some(OFFLINE_AFTER);
    assert_eq!(judged(&hosts).replace.as_deref(), Some("i-000"));
    hosts[1].silence = Some(OFFLINE_AFTER + SECOND);
    assert_eq!(judged(&hosts).replace, None);
}

#[test]
fn one_host_too_many_in_a_zone_stops_that_zone() {
    for (hosts, silent, is_impaired) in [
        (5, 1, false),
        (5, 2, true),
        (19, 2, true),
        (20, 2, false),
        (20, 3, true),
    ] {
        let fleet: Vec<HostFacts> = (0..hosts)
            .map(|number| host(number, "a", if number < silent { 400 } else { 5 }))
            .chain([host(100, "b", 350)])
            .collect();
        let judged = judge(&fleet, &sizes(&fleet), &all(DEAD, &fleet), &CALM);
        assert_eq!(
            judged.impaired_zones.len(),
            usize::from(is_impaired),
            "{silent} of {hosts}"
        );
        // The other zone has one of its own.
        let expected = if is_impaired { "i-100" } else { "i-000" };
        assert_eq!(judged.replace.as_deref(), Some(expected));
    }
}

/// The same rules as a naive reader of the documentation would write them, with the mistakes that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    None,
    LimitOneHigher,
    LimitOneLower,
    LimitOfTheWholeGroup,
    LimitOfAZoneOfAllGroups,
    LimitCountsZombiesOnly,
    NoLimit,
    UnknownWorkerIsInactive,
    ImpairedBeatsActive,
    EitherWitnessIsIgnored,
    TransitionIsNoReason,
    ShortSilenceIsEnough,
    NoSettling,
    IngestIsNoReason,
    NoPause,
}

fn naive(
    hosts: &[HostFacts],
    evidence: &BTreeMap<String, Evidence>,
    moment: &Moment,
    mistake: Mistake,
) -> Vec<String> {
    let is = |one: Mistake| mistake == one;
    let seconds = |host: &HostFacts| host.silence.map_or(-1.0, |silence| silence.as_secs_f64());
    let mut may = Vec::new();
    for host in hosts {
        let Some(known) = evidence.get(&host.instance) else {
            continue;
        };
        let zombie = if is(Mistake::ShortSilenceIsEnough) {
            90.0
        } else {
            300.0
        };
        if seconds(host) <= zombie || !(host.is_in_service || is(Mistake::TransitionIsNoReason)) {
            continue;
        }
        let inactive = known.hatchet == HatchetWitness::Inactive
            || (is(Mistake::UnknownWorkerIsInactive) && known.hatchet == HatchetWitness::Unknown);
        let active = known.hatchet == HatchetWitness::Active;
        let impaired = known.ec2 == Ec2Witness::Impaired;
        let witnessed = (inactive && !is(Mistake::EitherWitnessIsIgnored))
            || (impaired && (!active || is(Mistake::ImpairedBeatsActive)));
        if !witnessed {
            continue;
        }
        let beside = |other: &&HostFacts| {
            other.is_in_service
                && (other.group == host.group || is(Mistake::LimitOfAZoneOfAllGroups))
                && (other.zone == host.zone || is(Mistake::LimitOfTheWholeGroup))
        };
        let limit = if is(Mistake::LimitCountsZombiesOnly) {
            300.0
        } else {
            90.0
        };
        let total = hosts.iter().filter(beside).count() as f64;
        let silent = hosts
            .iter()
            .filter(beside)
            .filter(|other| seconds(other) > limit)
            .count() as f64;
        let mut most = f64::max(1.0, total * 0.1);
        if is(Mistake::LimitOneHigher) {
            most += 1.0;
        }
        if is(Mistake::LimitOneLower) {
            most -= 1.0;
        }
        if silent > most && !is(Mistake::NoLimit) {
            continue;
        }
        may.push(host.instance.clone());
    }
    let settled = moment.leads_for.as_secs() >= 300 || is(Mistake::NoSettling);
    let hears =
        moment.hears_for.is_some_and(|time| time.as_secs() >= 300) || is(Mistake::IngestIsNoReason);
    let paused = moment.since_last.is_none_or(|time| time.as_secs() >= 30) || is(Mistake::NoPause);
    let fresh = moment.list_age.is_some_and(|age| age.as_secs() <= 180);
    if settled && hears && paused && fresh {
        may
    } else {
        Vec::new()
    }
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let hatchet = prop_oneof![
        Just(HatchetWitness::Active),
        Just(HatchetWitness::Inactive),
        Just(HatchetWitness::Unknown)
    ];
    let ec2 = prop_oneof![
        3 => Just(Ec2Witness::Fine),
        2 => Just(Ec2Witness::Impaired),
        1 => Just(Ec2Witness::Unknown)
    ];
    (hatchet, ec2).prop_map(|(hatchet, ec2)| Evidence { hatchet, ec2 })
}

type Case = (Vec<HostFacts>, BTreeMap<String, Evidence>, Moment);

fn case() -> impl Strategy<Value = Case> {
    let silence = prop_oneof![
        12 => Just(Some(5)),
        1 => Just(None),
        1 => Just(Some(90)),
        1 => Just(Some(120)),
        1 => Just(Some(300)),
        1 => (301_u64..2000).prop_map(Some),
    ];
    let one = (
        silence,
        0..2_usize,
        0..2_usize,
        proptest::bool::weighted(0.9),
        evidence(),
    );
    let time = |limit: u64| prop_oneof![1 => Just(limit.saturating_sub(1)), 4 => Just(limit)];
    let moment = (
        time(300),
        proptest::option::weighted(0.9, time(300)),
        proptest::option::of(time(30)),
        0..2_u64,
    );
    (proptest::collection::vec(one, 1..45), moment).prop_map(|(hosts, moment)| {
        let mut known = BTreeMap::new();
        let facts = hosts.into_iter().enumerate().map(
            |(number, (silence, group, zone, is_in_service, evidence))| {
                let host = HostFacts {
                    group: format!("g{group}"),
                    silence: silence.map(Duration::from_secs),
                    is_in_service,
                    ..host(number, ["a", "b"][zone], 0)
                };
                known.insert(host.instance.clone(), evidence);
                host
            },
        );
        let facts = facts.collect();
        let seconds = Duration::from_secs;
        let moment = Moment {
            leads_for: seconds(moment.0),
            hears_for: moment.1.map(seconds),
            since_last: moment.2.map(seconds),
            list_age: Some(seconds(moment.3)),
        };
        (facts, known, moment)
    })
}

fn agrees(case: &Case, mistake: Mistake) -> bool {
    let (hosts, evidence, moment) = case;
    let may = naive(hosts, evidence, moment, mistake);
    match judge(hosts, &sizes(hosts), evidence, moment).replace {
        Some(chosen) => may.contains(&chosen),
        None => may.is_empty(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn only_what_a_naive_model_allows_is_replaced(case in case()) {
        prop_assert!(agrees(&case, Mistake::None));
    }

    #[test]
    fn a_host_that_is_heard_or_works_is_never_replaced(case in case()) {
        let (hosts, evidence, moment) = case;
        if let Some(chosen) = judge(&hosts, &sizes(&hosts), &evidence, &moment).replace {
            let host = hosts.iter().find(|host| host.instance == chosen).expect("it is there");
            prop_assert!(host.silence > Some(ZOMBIE_AFTER) && host.is_in_service);
            prop_assert!(evidence[&chosen].hatchet != HatchetWitness::Active);
        }
    }
}

/// Each mistake would be noticed: some of these fleets tell it from the rules.
#[test]
fn the_cases_tell_every_mistake_from_the_rules() {
    let mistakes = [
        Mistake::LimitOneHigher,
        Mistake::LimitOneLower,
        Mistake::LimitOfTheWholeGroup,
        Mistake::LimitOfAZoneOfAllGroups,
        Mistake::LimitCountsZombiesOnly,
        Mistake::NoLimit,
        Mistake::UnknownWorkerIsInactive,
        Mistake::ImpairedBeatsActive,
        Mistake::EitherWitnessIsIgnored,
        Mistake::TransitionIsNoReason,
        Mistake::ShortSilenceIsEnough,
        Mistake::NoSettling,
        Mistake::IngestIsNoReason,
        Mistake::NoPause,
    ];
    let mut runner = TestRunner::deterministic();
    let cases: Vec<Case> = (0..1500)
        .map(|_| case().new_tree(&mut runner).expect("a case").current())
        .collect();
    for mistake in mistakes {
        let noticed = cases.iter().filter(|case| !agrees(case, mistake)).count();
        assert!(
            noticed >= 3,
            "{mistake:?} is noticed by {noticed} of {}",
            cases.len()
        );
    }
}
