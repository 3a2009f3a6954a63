import { Button, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { answer, api } from "~/api/client";
import { devicesQuery } from "~/api/queries";
import type { Template } from "~/api/types";
import { SIMULATED, takesTemplates, testDevice } from "~/domain/device";
import { SAMPLE_LANGUAGES } from "~/domain/samples/languages";
import { useI18n } from "~/i18n";
import { Code } from "~/ui/Code";
import { Copy } from "~/ui/Copy";
import { useAct } from "~/ui/useAct";

const CURL = SAMPLE_LANGUAGES.find((language) => language.id === "curl");

/** The id to copy, a ready request, and a test send. */
export function UseTemplate({ template, samples }: { template: Template; samples: string[] }) {
  const { t } = useI18n();
  const devices = useQuery(devicesQuery);
  const usable = (devices.data ?? []).filter(takesTemplates);
  const [chosen, setChosen] = useState<string | null>(null);
  const [typed, setTyped] = useState<string | null>(null);
  const device = usable.find((each) => each.id === chosen) ?? testDevice(usable);
  // A number that nobody chose must never reach a stranger: only simulated people have one that is known.
  const to = typed ?? (device?.sandbox ? SIMULATED : "");
  const most = template.placeholders.at(-1) ?? 0;
  const variables = Array.from({ length: most }, (_, index) => samples[index] || `{{${index + 1}}}`);

  const send = useAct(
    () =>
      answer(
        api.POST("/v1/send-template", {
          body: {
            to,
            template_id: template.id,
            variables,
            ...(device && { session_id: device.id, channel: device.channel }),
          },
        }),
      ),
    { done: t("templates.tested"), refresh: [["messages"]] },
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    send.mutate(undefined);
  }
  const body = { to: "6281234567890", template_id: template.id, ...(most > 0 && { variables }) };
  return (
    <section className="card stack">
      <div className="row between wrap">
        <h2>{t("templates.use")}</h2>
        <span className="row">
          {t("templates.id")} <Copy text={String(template.id)} label={t("templates.copyId")} />
        </span>
      </div>
      <Code
        text={CURL?.write({ url: `${location.origin}/v1/send-template`, body }) ?? ""}
        label={t("templates.request")}
      />
      <form className="row wrap" onSubmit={submit}>
        <Select
          aria-label={t("templates.device")}
          data={usable.map(({ id, name }) => ({ value: id, label: name }))}
          value={device?.id ?? null}
          onChange={(id) => {
            setChosen(id);
            setTyped(null);
          }}
        />
        <TextInput
          aria-label={t("templates.to")}
          value={to}
          onChange={(event) => setTyped(event.currentTarget.value)}
          required
        />
        <Button type="submit" variant="default" loading={send.isPending}>
          {t("templates.test")}
        </Button>
        {send.data && (
          <Link to="/developers/messages" search={{ job: send.data.job_id }}>
            {t("templates.seeJob")}
          </Link>
        )}
      </form>
    </section>
  );
}
