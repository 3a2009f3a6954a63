import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { answer, api } from "~/api/client";
import { keysQuery } from "~/api/queries";
import type { ApiKey } from "~/api/types";
import { useI18n } from "~/i18n";
import { Confirm } from "~/ui/Confirm";
import { Page } from "~/ui/Page";
import { State } from "~/ui/State";
import { Loaded, Status } from "~/ui/Status";
import { Table } from "~/ui/Table";
import { Ago } from "~/ui/Time";
import { useAct } from "~/ui/useAct";
import { NewKey } from "./NewKey";

export default function Keys() {
  const { t } = useI18n();
  const keys = useQuery(keysQuery);
  const [making, setMaking] = useState(false);
  const make = (
    <Button leftSection={<Plus size={16} />} onClick={() => setMaking(true)}>
      {t("keys.make")}
    </Button>
  );
  return (
    <Page title={t("keys.title")} about={t("keys.about")} actions={make}>
      <Loaded query={keys}>
        {(all) =>
          all.length === 0 ? (
            <Status icon={KeyRound} title={t("keys.none")} action={make}>
              {t("keys.noneAbout")}
            </Status>
          ) : (
            <Table
              label={t("keys.title")}
              head={[
                t("common.name"),
                t("keys.key"),
                t("keys.may"),
                t("keys.used"),
                t("keys.state"),
                t("common.actions"),
              ]}
            >
              {all.map((key) => (
                <Row key={key.id} apiKey={key} />
              ))}
            </Table>
          )
        }
      </Loaded>
      <NewKey opened={making} onClose={() => setMaking(false)} />
    </Page>
  );
}

function Row({ apiKey }: { apiKey: ApiKey }) {
  const { t } = useI18n();
  const [asked, setAsked] = useState(false);
  const revoke = useAct(() => answer(api.DELETE("/v1/api-keys/{id}", { params: { path: { id: apiKey.id } } })), {
    done: t("keys.revoked"),
    refresh: [["keys"]],
  });
  const limits = [
    apiKey.device_ids.length > 0 && t("keys.devices", { count: apiKey.device_ids.length }),
    apiKey.allow_ips.length > 0 && apiKey.allow_ips.join(", "),
  ].filter(Boolean);
  return (
    <tr>
      <td>
        <strong>{apiKey.name}</strong>
        <div className="small dim">{apiKey.test ? t("keys.test") : t("keys.live")}</div>
      </td>
      <td>
        <code>{apiKey.hint}</code>
      </td>
      <td>
        {apiKey.scopes.map((scope) => t(`scope.${scope}`)).join(", ")}
        {limits.length > 0 && <div className="small dim">{limits.join(" · ")}</div>}
      </td>
      <td>{apiKey.last_used_at ? <Ago at={apiKey.last_used_at} /> : t("keys.never")}</td>
      <td>
        <KeyState apiKey={apiKey} />
      </td>
      <td>
        {!apiKey.revoked_at && (
          <Button variant="light" color="red" size="compact-sm" onClick={() => setAsked(true)}>
            {t("keys.revoke")}
          </Button>
        )}
        <Confirm
          opened={asked}
          onClose={() => setAsked(false)}
          title={t("keys.revokeTitle", { name: apiKey.name })}
          action={t("keys.revoke")}
          onConfirm={() => revoke.mutate(undefined)}
        >
          {t("keys.revokeAbout")}
        </Confirm>
      </td>
    </tr>
  );
}

function KeyState({ apiKey }: { apiKey: ApiKey }) {
  const { t } = useI18n();
  if (apiKey.revoked_at) return <State tone="off" label={t("keys.isRevoked")} />;
  if (apiKey.expires_at && Date.parse(apiKey.expires_at) < Date.now())
    return <State tone="off" label={t("keys.expired")} />;
  return (
    <>
      <State tone="ok" label={t("keys.active")} />
      {apiKey.expires_at && (
        <div className="small dim">
          {t("keys.expires")} <Ago at={apiKey.expires_at} />
        </div>
      )}
    </>
  );
}
