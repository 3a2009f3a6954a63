//! The checker: compares what was acknowledged with what arrived. Pure, and it knows nothing of the product's inside.

use std::collections::{HashMap, HashSet};

use super::evidence::{Acknowledged, Arrival, Evidence, Hook, Lane};

/// Everything that is wrong, one line each.
pub(crate) fn check(evidence: &Evidence) -> Vec<String> {
    let case = Case::of(evidence);
    let mut wrong = Vec::new();
    case.every_message_once(&mut wrong);
    case.nothing_unasked(&mut wrong);
    case.lanes_in_order(&mut wrong);
    case.every_event_told(&mut wrong);
    case.everything_written_told(&mut wrong);
    wrong
}

struct Case<'e> {
    evidence: &'e Evidence,
    /// Arrivals of each acknowledged send, by its place among them.
    arrived: HashMap<usize, Vec<&'e Arrival>>,
    /// Arrivals that belong to none.
    strays: Vec<&'e Arrival>,
    /// Webhooks about a job or a message that came in.
    told: HashMap<&'e str, Vec<&'e Hook>>,
}

impl<'e> Case<'e> {
    fn of(evidence: &'e Evidence) -> Self {
        let sends = || evidence.acknowledged.iter().enumerate();
        let by_text: HashMap<_, _> = sends().map(|(place, sent)| (sent.text.as_str(), place)).collect();
        let by_id: HashMap<_, _> = sends().map(|(place, sent)| (sent.message.as_str(), place)).collect();
        let mut case = Self { evidence, arrived: HashMap::new(), strays: Vec::new(), told: HashMap::new() };
        for arrival in &evidence.arrivals {
            let place = match &arrival.text {
                Some(text) => by_text.get(text.as_str()),
                None => by_id.get(arrival.id.as_str()),
            };
            match place {
                Some(place) => case.arrived.entry(*place).or_default().push(arrival),
                None => case.strays.push(arrival),
            }
        }
        for hook in evidence.hooks.values() {
            case.told.entry(&hook.subject).or_default().push(hook);
        }
        case
    }

    fn was_told(&self, subject: &str, event: &str) -> bool {
        self.told.get(subject).is_some_and(|hooks| hooks.iter().any(|hook| hook.event == event))
    }

    /// Who got it answered with its text: the peer has it, whatever else we know.
    fn answers(&self, text: &str) -> usize {
        let hooks = self.evidence.hooks.values();
        hooks.filter(|hook| hook.event == "message.received" && hook.text.as_deref() == Some(text)).count()
    }

    fn every_message_once(&self, wrong: &mut Vec<String>) {
        let mut answered: HashMap<&str, HashSet<&str>> = HashMap::new();
        for hook in self.evidence.hooks.values().filter(|hook| hook.event == "message.received") {
            answered.entry(hook.text.as_deref().unwrap_or_default()).or_default().insert(&hook.subject);
        }
        for (place, sent) in self.evidence.acknowledged.iter().enumerate() {
            let Acknowledged { lane, text, job, .. } = sent;
            let arrivals = self.arrived.get(&place).map(Vec::as_slice).unwrap_or_default();
            let ids: HashSet<_> = arrivals.iter().map(|arrival| arrival.id.as_str()).collect();
            let copies = if lane.drops_repeats() { ids.len() } else { arrivals.len() };
            if copies > 1 {
                wrong.push(format!("{text} ({job}) is {copies} times at {}: {ids:?}", lane.to));
            }
            if let Some(elsewhere) = arrivals.iter().find(|it| it.lane.as_ref().is_some_and(|at| at != lane))
            {
                wrong.push(format!("{text} ({job}) for {} is at {:?}", lane.to, elsewhere.lane));
            }
            let answers = answered.get(text.as_str()).map_or(0, HashSet::len);
            if answers > 1 {
                wrong.push(format!("{text} ({job}) was answered as {answers} messages"));
            }
            let there = copies > 0 || answers > 0;
            let Some(ending) = self.evidence.endings.get(job) else {
                wrong.push(format!("{text} ({job}) was acknowledged, and the job is not there"));
                continue;
            };
            let shown = &ending.shown;
            match ending.status.as_str() {
                // A receipt is the peer's own word, where the network gives any.
                "delivered" | "read" if there || self.was_told(job, "message.delivered") => {}
                "sent" if there && self.evidence.receipts && lane.drops_repeats() => {
                    wrong.push(format!(
                        "{text} ({job}) was delivered, its phone said so, and it is called sent: {shown}"
                    ));
                }
                "sent" if there => {}
                // Where sending again is not safe, nobody can tell; and there was no second attempt.
                "unknown" if !lane.drops_repeats() => {}
                "delivered" | "read" | "sent" => {
                    wrong.push(format!(
                        "{text} ({job}) is called {}, and nobody got it: {shown}",
                        ending.status
                    ));
                }
                status if there => {
                    wrong.push(format!(
                        "{text} ({job}) arrived at {} and is called {status}: {shown}",
                        lane.to
                    ));
                }
                status => wrong.push(format!("{text} ({job}) was lost; it is called {status}: {shown}")),
            }
        }
    }

    /// What was never answered may have arrived, once; nothing else may.
    fn nothing_unasked(&self, wrong: &mut Vec<String>) {
        let unanswered = self.evidence.unanswered.iter();
        let mut allowed: HashMap<&str, (&Lane, usize)> =
            unanswered.map(|sent| (sent.text.as_str(), (&sent.lane, 0))).collect();
        let mut nameless = HashSet::new();
        for stray in &self.strays {
            match &stray.text {
                Some(text) => match allowed.get_mut(text.as_str()) {
                    Some((lane, _)) if stray.lane.as_ref().is_some_and(|at| at != *lane) => {
                        wrong.push(format!("{text} for {} is at {:?}", lane.to, stray.lane));
                    }
                    Some((_, 1)) => wrong.push(format!("{text}, which was not asked for again, came twice")),
                    Some((_, times)) => *times += 1,
                    None => wrong.push(format!("nobody was told of {text}, which arrived: {stray:?}")),
                },
                None => {
                    nameless.insert(&stray.id);
                }
            }
        }
        if nameless.len() > self.evidence.unanswered.len() {
            wrong.push(format!(
                "{} messages arrived that nobody was told of, and only {} sends were never answered",
                nameless.len(),
                self.evidence.unanswered.len()
            ));
        }
    }

    fn lanes_in_order(&self, wrong: &mut Vec<String>) {
        let place_of: HashMap<*const Arrival, usize> = self
            .arrived
            .iter()
            .filter_map(|(place, arrivals)| {
                arrivals.first().map(|first| (std::ptr::from_ref(*first), *place))
            })
            .collect();
        let mut last: HashMap<&Lane, usize> = HashMap::new();
        for arrival in &self.evidence.arrivals {
            let Some(&place) = place_of.get(&std::ptr::from_ref(arrival)) else { continue };
            let sent = &self.evidence.acknowledged[place];
            if let Some(before) = last.insert(&sent.lane, place)
                && before > place
            {
                let before = &self.evidence.acknowledged[before];
                wrong.push(format!("{} overtook {} on the way to {}", before.text, sent.text, sent.lane.to));
            }
        }
    }

    /// Each ending is told, each event under one id, and the same event always in the same bytes.
    fn every_event_told(&self, wrong: &mut Vec<String>) {
        for sent in &self.evidence.acknowledged {
            let Some(ending) = self.evidence.endings.get(&sent.job) else { continue };
            let event = ending.event();
            let is_event = !matches!(ending.status.as_str(), "queued" | "sending");
            if is_event && !self.was_told(&sent.job, &event) {
                wrong.push(format!("{event} of {} ({}) was never told", sent.text, sent.job));
            }
        }
        let mut ids: HashMap<(&str, &str), Vec<&str>> = HashMap::new();
        for (id, hook) in &self.evidence.hooks {
            // A device is connected many times; a message is sent once.
            if !hook.subject.is_empty() {
                ids.entry((&hook.event, &hook.subject)).or_default().push(id);
            }
        }
        for ((event, subject), ids) in ids {
            if ids.len() > 1 {
                wrong.push(format!("{event} of {subject} came under {} webhook ids: {ids:?}", ids.len()));
            }
        }
    }

    fn everything_written_told(&self, wrong: &mut Vec<String>) {
        for text in &self.evidence.written {
            match self.answers(text) {
                1 => {}
                0 => wrong.push(format!("{text} was written to us, and nobody was told")),
                many => wrong.push(format!("{text} was written to us once and told as {many} messages")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::evidence::*, *};

    fn lane(channel: &'static str) -> Lane {
        Lane { channel, to: "6281".to_owned() }
    }

    /// Two messages, acknowledged, arrived in order, told.
    fn all_is_well(channel: &'static str) -> Evidence {
        let mut evidence = Evidence::default();
        for (text, job, message) in [("satu", "job_1", "msg_1"), ("dua", "job_2", "msg_2")] {
            evidence.acknowledged.push(Acknowledged {
                lane: lane(channel),
                text: text.to_owned(),
                job: job.to_owned(),
                message: message.to_owned(),
            });
            evidence.arrivals.push(arrival(channel, message, Some(text)));
            evidence.endings.insert(job.to_owned(), ending("sent"));
            evidence.hooks.insert(format!("evt_{job}"), hook("message.sent", job, None));
        }
        evidence
    }

    fn arrival(channel: &'static str, id: &str, text: Option<&str>) -> Arrival {
        Arrival { lane: Some(lane(channel)), id: id.to_owned(), text: text.map(str::to_owned) }
    }

    fn ending(status: &str) -> Ending {
        Ending { status: status.to_owned(), shown: String::new() }
    }

    fn hook(event: &str, subject: &str, text: Option<&str>) -> Hook {
        let (event, subject) = (event.to_owned(), subject.to_owned());
        Hook { event, subject, text: text.map(str::to_owned), body: Vec::new(), times: 1 }
    }

    #[track_caller]
    fn finds(evidence: &Evidence, what: &str) {
        let wrong = check(evidence);
        assert!(wrong.len() == 1 && wrong[0].contains(what), "{wrong:?}");
    }

    #[test]
    fn nothing_is_wrong_where_all_is_well() {
        assert_eq!(check(&all_is_well("whatsapp")), Vec::<String>::new());
        assert_eq!(check(&all_is_well("telegram")), Vec::<String>::new());
    }

    #[test]
    fn a_message_that_did_not_arrive_is_found() {
        let mut lost = all_is_well("whatsapp");
        lost.arrivals.remove(0);
        finds(&lost, "satu (job_1) is called sent, and nobody got it");
        lost.endings.insert("job_1".to_owned(), ending("queued"));
        finds(&lost, "satu (job_1) was lost; it is called queued");
        lost.endings.remove("job_1");
        finds(&lost, "the job is not there");
    }

    #[test]
    fn a_message_that_arrived_twice_is_found_by_content_and_by_id() {
        let mut twice = all_is_well("whatsapp");
        twice.arrivals.insert(1, arrival("whatsapp", "another id", Some("satu")));
        finds(&twice, "2 times");
        let mut repeated = all_is_well("telegram");
        repeated.arrivals.insert(1, arrival("telegram", "msg_1", None));
        finds(&repeated, "2 times");
        // The same id once more is what WhatsApp's phones drop.
        let mut dropped = all_is_well("whatsapp");
        dropped.arrivals.insert(1, arrival("whatsapp", "msg_1", None));
        assert_eq!(check(&dropped), Vec::<String>::new());
    }

    #[test]
    fn a_message_that_overtook_another_is_found() {
        let mut evidence = all_is_well("whatsapp");
        evidence.arrivals.swap(0, 1);
        finds(&evidence, "dua overtook satu");
    }

    #[test]
    fn a_message_at_somebody_else_is_found() {
        let mut evidence = all_is_well("whatsapp");
        evidence.arrivals[0].lane = Some(Lane { channel: "whatsapp", to: "6299".to_owned() });
        finds(&evidence, "for 6281 is at");
    }

    #[test]
    fn a_state_that_disagrees_with_what_arrived_is_found() {
        let mut evidence = all_is_well("whatsapp");
        evidence.endings.insert("job_1".to_owned(), ending("failed"));
        evidence.hooks.insert("evt".to_owned(), hook("message.failed", "job_1", None));
        finds(&evidence, "arrived at 6281 and is called failed");
    }

    #[test]
    fn a_receipt_that_was_lost_is_found() {
        let mut evidence = all_is_well("whatsapp");
        evidence.endings.insert("job_2".to_owned(), ending("delivered"));
        evidence.hooks.insert("evt".to_owned(), hook("message.delivered", "job_2", None));
        evidence.receipts = true;
        finds(&evidence, "satu (job_1) was delivered, its phone said so");
    }

    #[test]
    fn nobody_knows_only_where_sending_again_is_not_safe() {
        for (channel, wrong) in [("telegram", 0), ("whatsapp", 1)] {
            let mut evidence = all_is_well(channel);
            evidence.arrivals.remove(0);
            evidence.endings.insert("job_1".to_owned(), ending("unknown"));
            evidence.hooks.insert("evt".to_owned(), hook("message.unknown", "job_1", None));
            assert_eq!(check(&evidence).len(), wrong, "{channel}");
        }
    }

    #[test]
    fn what_was_never_answered_may_arrive_once_and_nothing_else_may() {
        let mut evidence = all_is_well("whatsapp");
        evidence.arrivals.push(arrival("whatsapp", "msg_3", Some("tiga")));
        finds(&evidence, "nobody was told of tiga");
        evidence.unanswered.push(Unanswered { lane: lane("whatsapp"), text: "tiga".to_owned() });
        assert_eq!(check(&evidence), Vec::<String>::new());
        evidence.arrivals.push(arrival("whatsapp", "msg_4", Some("tiga")));
        finds(&evidence, "came twice");
    }

    #[test]
    fn an_ending_that_was_not_told_is_found() {
        let mut evidence = all_is_well("whatsapp");
        evidence.hooks.remove("evt_job_2");
        finds(&evidence, "message.sent of dua (job_2) was never told");
    }

    #[test]
    fn an_event_under_two_ids_is_found() {
        let mut evidence = all_is_well("whatsapp");
        evidence.hooks.insert("evt".to_owned(), hook("message.sent", "job_1", None));
        finds(&evidence, "under 2 webhook ids");
    }

    #[test]
    fn what_was_written_to_us_is_told_once() {
        let mut evidence = all_is_well("whatsapp");
        evidence.written.push("halo".to_owned());
        finds(&evidence, "halo was written to us, and nobody was told");
        evidence.hooks.insert("evt_1".to_owned(), hook("message.received", "in_1", Some("halo")));
        assert_eq!(check(&evidence), Vec::<String>::new());
        evidence.hooks.insert("evt_2".to_owned(), hook("message.received", "in_2", Some("halo")));
        finds(&evidence, "told as 2 messages");
    }
}
