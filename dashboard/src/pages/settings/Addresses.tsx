import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ShieldOff } from "lucide-react";
import type { FormEvent } from "react";
import { answer, api } from "~/api/client";
import { blockedIpsQuery, keysQuery } from "~/api/queries";
import type { BlockedIp } from "~/api/types";
import { useI18n } from "~/i18n";
import { Gate } from "~/ui/Gate";
import { Page } from "~/ui/Page";
import { Loaded, Status } from "~/ui/Status";
import { Table } from "~/ui/Table";
import { Ago } from "~/ui/Time";
import { useAct } from "~/ui/useAct";
import { useFields } from "~/ui/useFields";

/** From where the workspace may be used. */
export default function Addresses() {
  const { t } = useI18n();
  const blocked = useQuery(blockedIpsQuery);
  return (
    <Gate part="settings">
      <Page title={t("settings.addresses")} about={t("addresses.about")}>
        <Block />
        <Loaded query={blocked}>
          {(all) =>
            all.length === 0 ? (
              <Status icon={ShieldOff} title={t("addresses.none")}>
                {t("addresses.noneAbout")}
              </Status>
            ) : (
              <Table
                label={t("addresses.blocked")}
                head={[t("addresses.range"), t("addresses.note"), t("addresses.since"), t("common.actions")]}
              >
                {all.map((range) => (
                  <Row key={range.id} range={range} />
                ))}
              </Table>
            )
          }
        </Loaded>
        <Allowed />
      </Page>
    </Gate>
  );
}

function Block() {
  const { t } = useI18n();
  const form = useFields({ range: "", note: "" });
  const block = useAct(
    () => {
      const { range, note } = form.values;
      return answer(api.POST("/v1/blocked-ips", { body: { range, ...(note && { note }) } }));
    },
    {
      form,
      done: t("addresses.done"),
      refresh: [["blocked-ips"]],
      after: () => form.setValues({ range: "", note: "" }),
    },
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    form.clear();
    block.mutate(undefined);
  }
  return (
    <form className="card row wrap top" onSubmit={submit}>
      <TextInput
        className="grow"
        aria-label={t("addresses.range")}
        placeholder="203.0.113.0/24"
        {...form.text("range")}
        required
      />
      <TextInput
        className="grow"
        aria-label={t("addresses.note")}
        placeholder={t("addresses.note")}
        {...form.text("note")}
      />
      <Button type="submit" loading={block.isPending}>
        {t("addresses.block")}
      </Button>
    </form>
  );
}

function Row({ range }: { range: BlockedIp }) {
  const { t } = useI18n();
  const remove = useAct(() => answer(api.DELETE("/v1/blocked-ips/{id}", { params: { path: { id: range.id } } })), {
    refresh: [["blocked-ips"]],
  });
  return (
    <tr>
      <td>
        <code>{range.range}</code>
      </td>
      <td>{range.note ?? "—"}</td>
      <td>
        <Ago at={range.created_at} />
      </td>
      <td>
        <Button variant="default" size="compact-sm" onClick={() => remove.mutate(undefined)}>
          {t("addresses.unblock")}
        </Button>
      </td>
    </tr>
  );
}

/** Keys that may be used from some addresses only. */
function Allowed() {
  const { t } = useI18n();
  const keys = useQuery(keysQuery);
  return (
    <section className="card stack">
      <h2>{t("addresses.allowed")}</h2>
      <Loaded query={keys}>
        {(all) => {
          const limited = all.filter((key) => key.allow_ips.length > 0 && !key.revoked_at);
          return (
            <>
              {limited.map((key) => (
                <div key={key.id} className="row between wrap">
                  <span>{key.name}</span>
                  <code>{key.allow_ips.join(", ")}</code>
                </div>
              ))}
              <p className="small dim">
                {limited.length === 0 && t("addresses.noneAllowed")} <Link to="/developers">{t("keys.title")}</Link>
              </p>
            </>
          );
        }}
      </Loaded>
    </section>
  );
}
