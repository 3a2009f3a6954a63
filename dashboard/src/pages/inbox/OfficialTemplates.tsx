import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useState } from "react";
import { officialTemplatesQuery } from "~/api/queries";
import type { Conversation, OfficialTemplate } from "~/api/types";
import { useI18n } from "~/i18n";
import { useMay } from "~/shell/session";
import { Notice } from "~/ui/Notice";
import { Loaded } from "~/ui/Status";
import css from "./inbox.module.css";
import { OfficialFill } from "./OfficialFill";
import { PickList, usePicking } from "./PickList";
import { useChoices, useOfficial } from "./picks";

/** What is left when the 24-hour window is shut: a template that Meta approved. */
export function OfficialTemplates({ conversation }: { conversation: Conversation }) {
  const { t } = useI18n();
  const query = useQuery(officialTemplatesQuery);
  const [template, setTemplate] = useState<OfficialTemplate | null>(null);
  return (
    <div className={css.composer}>
      <Notice tone="warn">{t("inbox.windowShut")}</Notice>
      {template ? (
        <OfficialFill template={template} conversation={conversation} onDone={() => setTemplate(null)} />
      ) : (
        <Loaded query={query}>{() => <Choose conversation={conversation} onPick={setTemplate} />}</Loaded>
      )}
    </div>
  );
}

interface Props {
  conversation: Conversation;
  onPick: (template: OfficialTemplate) => void;
}

function Choose({ conversation, onPick }: Props) {
  const { t } = useI18n();
  const [words, setWords] = useState("");
  const found = useOfficial(conversation, words);
  const pick = (index: number) => found[index] && onPick(found[index]);
  const { press, field, list } = usePicking(useChoices(found.map((official) => ({ official }))), pick, () =>
    setWords(""),
  );
  if (found.length === 0 && !words) return <NoneYet />;
  return (
    <>
      <TextInput
        leftSection={<Search size={15} />}
        aria-label={t("inbox.findOfficial")}
        placeholder={t("inbox.findOfficial")}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        onKeyDown={press}
        {...field}
      />
      <PickList label={t("inbox.templates")} empty={t("inbox.noTemplates")} list={list} />
    </>
  );
}

function NoneYet() {
  const { t } = useI18n();
  const may = useMay("settings");
  return (
    <p className="small dim">
      {t("inbox.noOfficial")}{" "}
      {may && (
        <Link to="/settings/channels/$channel" params={{ channel: "whatsapp-official" }}>
          {t("official.title")}
        </Link>
      )}
    </p>
  );
}
