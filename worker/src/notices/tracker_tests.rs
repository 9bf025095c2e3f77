use super::*;
use crate::testing;

fn config() -> Config {
    testing::config(std::path::Path::new("/nowhere"))
}

fn spot(time: Timestamp) -> Spot {
    Spot {
        action: "terminate".to_owned(),
        time,
    }
}

fn rebalance(time: &str) -> Rebalance {
    Rebalance {
        time: time.parse().unwrap(),
    }
}

fn event(not_before: Timestamp) -> Maintenance {
    Maintenance {
        not_before,
        id: "instance-event-1".to_owned(),
        code: "system-reboot".to_owned(),
    }
}

/// What is left until the deadline of an order to drain.
fn left(order: Option<DrainCommand>, expected: DrainSource) -> Option<Duration> {
    match order {
        Some(DrainCommand::Drain {
            source, deadline, ..
        }) if source == expected => deadline.map(|deadline| deadline.left()),
        other => panic!("no drain of {expected:?}: {other:?}"),
    }
}

fn is_withdrawn(order: Option<&DrainCommand>, expected: DrainSource) -> bool {
    matches!(order, Some(DrainCommand::Withdraw { source, .. }) if *source == expected)
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_spot_notice_is_one_order_with_the_margin_taken_off() {
    let (config, now) = (config(), Timestamp::now());
    let mut tracker = NoticeTracker::default();
    let notice = || Some(spot(now + SECOND * 110));
    let (order, new) = tracker.spot(notice(), &config, now);
    assert!(new);
    let left = left(order, DrainSource::Spot).unwrap();
    assert!(left > SECOND * 88 && left <= SECOND * 90, "{left:?}");
    for _ in 0..150 {
        assert_eq!(tracker.spot(notice(), &config, now), (None, false));
    }
    let (sooner, new) = tracker.spot(Some(spot(now + SECOND * 60)), &config, now);
    assert!(sooner.is_some() && new, "another time is another notice");
}

#[test]
fn a_spot_notice_that_is_gone_counts_until_the_instance_has_outlived_it() {
    let (config, now) = (config(), Timestamp::now());
    let mut tracker = NoticeTracker::default();
    tracker.spot(Some(spot(now + SECOND * 120)), &config, now);
    for later in [0, 120, 239] {
        assert_eq!(
            tracker.spot(None, &config, now + SECOND * later),
            (None, false)
        );
    }
    let (order, _) = tracker.spot(None, &config, now + SECOND * 241);
    assert!(is_withdrawn(order.as_ref(), DrainSource::Spot));
}

#[test]
fn a_time_that_cannot_be_is_that_of_a_wrong_clock() {
    let (config, now) = (config(), Timestamp::now());
    let hour = SECOND * 3600;
    let order = NoticeTracker::default()
        .spot(Some(spot(now + hour)), &config, now)
        .0;
    let most = SPOT_NOTICE.saturating_sub(config.drain.margin_seconds.duration());
    assert!(left(order, DrainSource::Spot).unwrap() <= most);
    let order = NoticeTracker::default()
        .spot(Some(spot(now - hour)), &config, now)
        .0;
    assert_eq!(left(order, DrainSource::Spot), Some(Duration::ZERO));
}

#[test]
fn a_recommendation_that_nothing_follows_is_dropped_once() {
    let (config, now) = (config(), Instant::now());
    let timeout = config.notices.rebalance_seconds.duration();
    let notice = || Some(rebalance("2026-01-01T00:00:00Z"));
    let mut tracker = NoticeTracker::default();
    assert_eq!(
        left(
            tracker.rebalance(notice(), &config, now),
            DrainSource::Rebalance
        ),
        None
    );
    assert_eq!(
        tracker.rebalance(notice(), &config, now + timeout - SECOND),
        None
    );
    let dropped = tracker.rebalance(notice(), &config, now + timeout);
    assert!(is_withdrawn(dropped.as_ref(), DrainSource::Rebalance));
    assert_eq!(
        tracker.rebalance(notice(), &config, now + timeout * 2),
        None
    );
    let another = Some(rebalance("2026-01-02T00:00:00Z"));
    assert!(
        tracker
            .rebalance(another, &config, now + timeout * 2)
            .is_some()
    );
}

#[test]
fn a_group_that_does_not_rebalance_is_not_heeded() {
    let mut config = config();
    config.notices.rebalance_seconds = valet_protocol::Seconds::whole(0);
    let notice = Some(rebalance("2026-01-01T00:00:00Z"));
    assert_eq!(
        NoticeTracker::default().rebalance(notice, &config, Instant::now()),
        None
    );
}

#[test]
fn only_the_group_itself_takes_back_what_it_wants() {
    let config = config();
    let target = |target: &str| Some(target.to_owned());
    let mut tracker = NoticeTracker::default();
    assert_eq!(tracker.group(target("InService"), &config), None);
    assert!(
        left(
            tracker.group(target("Terminated"), &config),
            DrainSource::Group
        )
        .is_some()
    );
    assert_eq!(tracker.group(target("Terminated"), &config), None);
    assert_eq!(tracker.group(None, &config), None);
    assert!(is_withdrawn(
        tracker.group(target("InService"), &config).as_ref(),
        DrainSource::Group
    ));
    assert_eq!(tracker.group(target("InService"), &config), None);
}

#[test]
fn maintenance_drains_when_it_is_near_and_not_when_it_is_announced() {
    let (config, now) = (config(), Timestamp::now());
    let lead = config.drain.maintenance_lead_seconds.duration();
    let mut tracker = NoticeTracker::default();
    let time = now + lead * 2;
    assert_eq!(tracker.maintenance(Some(event(time)), &config, now), None);
    let near = now + lead + SECOND;
    assert!(
        left(
            tracker.maintenance(Some(event(time)), &config, near),
            DrainSource::Maintenance
        )
        .is_some()
    );
    assert_eq!(tracker.maintenance(Some(event(time)), &config, near), None);
    let moved = tracker.maintenance(Some(event(time + lead * 9)), &config, near);
    assert!(is_withdrawn(moved.as_ref(), DrainSource::Maintenance));
    tracker.maintenance(Some(event(time)), &config, near);
    assert!(is_withdrawn(
        tracker.maintenance(None, &config, near).as_ref(),
        DrainSource::Maintenance
    ));
    assert_eq!(tracker.maintenance(None, &config, near), None);
}

/// A tracker of an agent that was restarted while it drained for this source.
fn restarted(source: DrainSource, deadline: Option<Timestamp>) -> NoticeTracker {
    NoticeTracker::restored(BTreeMap::from([(source, deadline)]))
}

#[test]
fn an_event_that_was_canceled_while_the_agent_restarted_is_withdrawn() {
    let (config, now) = (config(), Timestamp::now());
    let mut tracker = restarted(DrainSource::Maintenance, None);
    let order = tracker.maintenance(None, &config, now);
    assert!(is_withdrawn(order.as_ref(), DrainSource::Maintenance));
    assert_eq!(tracker.maintenance(None, &config, now), None);

    let mut tracker = restarted(DrainSource::Maintenance, None);
    let moved = Some(event(now + SignedDuration::from_hours(100)));
    let order = tracker.maintenance(moved, &config, now);
    assert!(is_withdrawn(order.as_ref(), DrainSource::Maintenance));

    let mut tracker = restarted(DrainSource::Group, None);
    let order = tracker.group(Some("InService".to_owned()), &config);
    assert!(is_withdrawn(order.as_ref(), DrainSource::Group));
    assert_eq!(tracker.group(Some("InService".to_owned()), &config), None);
}

#[test]
fn an_inherited_spot_notice_is_withdrawn_only_after_its_time() {
    let (config, now) = (config(), Timestamp::now());
    let mut tracker = restarted(DrainSource::Spot, Some(now + SECOND * 30));
    assert_eq!(tracker.spot(None, &config, now), (None, false));
    let later = now + SECOND * 30 + config.drain.margin_seconds.duration() + SECOND * 121;
    let (order, _) = tracker.spot(None, &config, later);
    assert!(is_withdrawn(order.as_ref(), DrainSource::Spot));
}

#[test]
fn an_inherited_recommendation_expires_and_is_not_followed_again() {
    let (config, now) = (config(), Instant::now());
    let mut tracker = restarted(DrainSource::Rebalance, None);
    let notice = || Some(rebalance("2026-11-26T08:00:00Z"));
    assert_eq!(tracker.rebalance(notice(), &config, now), None);
    let later = now + config.notices.rebalance_seconds.duration();
    let order = tracker.rebalance(notice(), &config, later);
    assert!(is_withdrawn(order.as_ref(), DrainSource::Rebalance));
    assert_eq!(tracker.rebalance(notice(), &config, later), None);
}

#[test]
fn each_cause_has_its_own_budget() {
    let (mut config, now) = (config(), Timestamp::now());
    config.drain.group_seconds = Some(valet_protocol::Seconds::whole(3600));
    config.drain.spot_seconds = Some(valet_protocol::Seconds::whole(40));
    let mut tracker = NoticeTracker::default();
    let of_group = left(
        tracker.group(Some("Terminated".to_owned()), &config),
        DrainSource::Group,
    );
    assert!(of_group.unwrap() > SECOND * 3598);
    let (order, _) = tracker.spot(Some(spot(now + SECOND * 110)), &config, now);
    assert!(left(order, DrainSource::Spot).unwrap() <= SECOND * 40);
}
