import { useQueryClient } from "@tanstack/react-query";
import { answer, api } from "~/api/client";
import { sessionQuery } from "~/api/queries";
import { type Language, useI18n } from "~/i18n";
import { useAct } from "~/ui/useAct";

/** Changes the language at once, and keeps it on the account, so that one signs in to it elsewhere too. */
export function useChooseLanguage(): (language: Language) => void {
  const { setLanguage } = useI18n();
  const client = useQueryClient();
  const keep = useAct((language: Language) => answer(api.PATCH("/v1/session", { body: { language } })), {
    // Whoever chooses twice in a moment has chosen the second.
    inTurn: "language",
    after: (session) => client.setQueryData(sessionQuery.queryKey, session),
  });
  return (language) => {
    setLanguage(language);
    keep.mutate(language);
  };
}
