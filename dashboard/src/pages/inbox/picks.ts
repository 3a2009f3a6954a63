import { useQuery } from "@tanstack/react-query";
import { officialTemplatesQuery, templatesQuery } from "~/api/queries";
import type { Conversation, OfficialTemplate, Template } from "~/api/types";
import { excerpt, fillable } from "~/domain/official";
import { useI18n } from "~/i18n";
import type { Choice } from "./PickList";

/** A template that can be sent into a conversation: one of ours, or one that Meta approved. */
export type Pick = { own: Template } | { official: OfficialTemplate };

function matches(words: string, ...texts: string[]): boolean {
  return texts.join(" ").toLowerCase().includes(words.trim().toLowerCase());
}

/** Our templates that say `words`. The official WhatsApp shows buttons only of templates that Meta approved. */
export function useOwn({ channel }: Conversation, words: string): Template[] {
  const { data = [] } = useQuery(templatesQuery);
  return data
    .filter(({ buttons }) => channel !== "whatsapp-official" || buttons.length === 0)
    .filter(({ name, text }) => matches(words, name, text));
}

/** The approved templates of the conversation's number that say `words`. */
export function useOfficial({ channel, device_id }: Conversation, words: string): OfficialTemplate[] {
  const { data = [] } = useQuery({ ...officialTemplatesQuery, enabled: channel === "whatsapp-official" });
  return data
    .filter(({ session_id, is_sendable }) => session_id === device_id && is_sendable)
    .filter((template) => matches(words, template.name, template.language, excerpt(template)));
}

/** The picks as the entries of a list. */
export function useChoices(picks: readonly Pick[]): Choice[] {
  const { t } = useI18n();
  return picks.map((pick) => {
    if ("own" in pick) return { key: `own-${pick.own.id}`, name: pick.own.name, about: pick.own.text };
    const { name, language } = pick.official;
    const can = fillable(pick.official);
    return {
      key: `official-${name}-${language}`,
      name: `${name} · ${language}`,
      about: can ? excerpt(pick.official) : t("inbox.needsPlace"),
      disabled: !can,
    };
  });
}
