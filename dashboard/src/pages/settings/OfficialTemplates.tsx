import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { answer, api } from "~/api/client";
import { officialTemplatesQuery } from "~/api/queries";
import type { Device, OfficialTemplate } from "~/api/types";
import { excerpt } from "~/domain/official";
import { useI18n } from "~/i18n";
import { Notice } from "~/ui/Notice";
import { State, type Tone } from "~/ui/State";
import { Loaded } from "~/ui/Status";
import { Table } from "~/ui/Table";
import { Ago } from "~/ui/Time";
import { useAct } from "~/ui/useAct";
import css from "./settings.module.css";

/** What Meta says of a template, as far as it is known; anything newer is shown as Meta writes it. */
const TONE: Record<string, Tone | undefined> = {
  APPROVED: "ok",
  PENDING: "busy",
  IN_APPEAL: "busy",
  PAUSED: "warn",
  FLAGGED: "warn",
  LIMIT_EXCEEDED: "warn",
  REJECTED: "bad",
  DISABLED: "bad",
};

/** The templates of each number, as Meta has them. */
export function OfficialTemplates({ devices }: { devices: Device[] }) {
  const { t } = useI18n();
  const query = useQuery(officialTemplatesQuery);
  if (devices.length === 0) return null;
  return (
    <section className="stack">
      <div>
        <h2>{t("official.title")}</h2>
        <p className="dim">{t("official.about")}</p>
      </div>
      <Loaded query={query}>
        {(all) =>
          devices.map((device) => (
            <Account
              key={device.id}
              device={device}
              templates={all.filter(({ session_id }) => session_id === device.id)}
            />
          ))
        }
      </Loaded>
    </section>
  );
}

function Account({ device, templates }: { device: Device; templates: OfficialTemplate[] }) {
  const { t } = useI18n();
  const sync = useAct(() => answer(api.POST("/v1/meta/templates/sync", { body: { session_id: device.id } })), {
    refresh: [["official-templates"]],
    quiet: true,
  });
  return (
    <section className="card stack" aria-label={device.name}>
      <div className="row between wrap">
        <div>
          <h3>{device.name}</h3>
          {device.address && <span className="small dim">{device.address}</span>}
        </div>
        <Button
          variant="default"
          leftSection={<RefreshCw size={15} />}
          onClick={() => sync.mutate(undefined)}
          loading={sync.isPending}
        >
          {t("official.sync")}
        </Button>
      </div>
      <div role="status">
        {sync.data && (
          <Notice>{t("official.synced", { count: sync.data.templates, sendable: sync.data.sendable })}</Notice>
        )}
        {sync.error && <Notice tone="bad">{sync.error.message}</Notice>}
      </div>
      {templates.length === 0 ? (
        <p className="dim">{t("official.none")}</p>
      ) : (
        <Table
          label={t("official.of", { name: device.name })}
          head={[
            t("common.name"),
            t("official.language"),
            t("official.category"),
            t("official.status"),
            t("official.changed"),
          ]}
        >
          {templates.map((template) => (
            <Row key={`${template.name}-${template.language}`} template={template} />
          ))}
        </Table>
      )}
    </section>
  );
}

function Row({ template }: { template: OfficialTemplate }) {
  const { name, language, category, status, is_sendable, reason, updated_at } = template;
  return (
    <tr>
      <td>
        <strong>{name}</strong>
        <div className={`small dim ${css.excerpt}`}>{excerpt(template)}</div>
      </td>
      <td>
        <code>{language}</code>
      </td>
      <td>{category}</td>
      <td>
        <State tone={TONE[status] ?? (is_sendable ? "ok" : "warn")} label={status} />
        {reason && <div className="small dim">{reason}</div>}
      </td>
      <td>
        <Ago at={updated_at} />
      </td>
    </tr>
  );
}
