import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { LogOut, Pause, Pencil, Play, RotateCw, Trash2 } from "lucide-react";
import { useState } from "react";
import { answer, api } from "~/api/client";
import { capabilitiesQuery, deviceQuery } from "~/api/queries";
import type { Device } from "~/api/types";
import { grouped } from "~/domain/address";
import { CHANNEL } from "~/domain/channels";
import { useI18n } from "~/i18n";
import { Confirm } from "~/ui/Confirm";
import { Copy } from "~/ui/Copy";
import { Facts } from "~/ui/Facts";
import { Gate } from "~/ui/Gate";
import { Notice } from "~/ui/Notice";
import { Page } from "~/ui/Page";
import { Loaded } from "~/ui/Status";
import { Ago } from "~/ui/Time";
import { useAct } from "~/ui/useAct";
import { Abilities } from "./Abilities";
import { AccountActs } from "./AccountActs";
import { ChangeDevice } from "./ChangeDevice";
import { DeviceStateView } from "./DeviceStateView";
import css from "./devices.module.css";
import { LinkDevice } from "./LinkDevice";
import { SandboxPhone } from "./SandboxPhone";

const route = getRouteApi("/app/devices/$id");
const LINKABLE: readonly Device["state"][] = ["unlinked", "linking", "logged_out", "replaced"];

export default function DevicePage() {
  const { id } = route.useParams();
  return (
    <Gate part="devices">
      <One id={id} />
    </Gate>
  );
}

function One({ id }: { id: string }) {
  const device = useQuery({ ...deviceQuery(id), refetchInterval: 10_000 });
  return <Loaded query={device}>{(found) => <Shown device={found} />}</Loaded>;
}

function Shown({ device }: { device: Device }) {
  const { t } = useI18n();
  const abilities = useQuery(capabilitiesQuery(device.id));
  const methods = abilities.data?.link_methods ?? [];
  const linkable = methods.length > 0 && LINKABLE.includes(device.state);
  return (
    <Page
      title={device.name}
      about={`${CHANNEL[device.channel].name}${device.sandbox ? ` · ${t("devices.sandbox")}` : ""}`}
      actions={<Actions device={device} />}
    >
      {device.message && (
        <Notice tone="warn">
          <p>{device.message}</p>
          {device.next_action && !linkable && <p className="small">{t(`nextAction.${device.next_action}`)}</p>}
        </Notice>
      )}
      {linkable && <LinkDevice device={device} methods={methods} />}
      <div className={device.sandbox ? css.grid : "stack"}>
        <div className="stack">
          <section className="card stack">
            <div className="row between">
              <h2>{t("devices.state")}</h2>
              <DeviceStateView device={device} />
            </div>
            <p className="small dim">{t("devices.stateAbout")}</p>
            <Evidence device={device} />
          </section>
          <Loaded query={abilities}>{(all) => <Abilities abilities={all} />}</Loaded>
        </div>
        {device.sandbox && (
          <div className="stack">
            <SandboxPhone device={device} receives={abilities.data?.receives} />
            <AccountActs device={device} linked={methods.length > 0} />
          </div>
        )}
      </div>
    </Page>
  );
}

function Evidence({ device }: { device: Device }) {
  const { t } = useI18n();
  const ago = (at: string | null) => (at ? <Ago at={at} /> : t("devices.never"));
  return (
    <Facts
      facts={[
        [t("devices.id"), <Copy key="id" text={device.id} />],
        device.address !== null && [
          t("devices.address"),
          <Copy key="address" text={device.address} shown={grouped(device.address, device.channel)} />,
        ],
        [t("devices.lastFrame"), ago(device.last_frame_at)],
        [t("devices.lastAck"), ago(device.last_ack_at)],
        [t("devices.linkedAt"), ago(device.linked_at)],
        device.until !== null && [t("devices.until"), <Ago key="until" at={device.until} />],
        device.credentials_expire_at !== null && [
          t("devices.tokenEnds"),
          <Ago key="token" at={device.credentials_expire_at} />,
        ],
        device.reason !== null && [t("devices.reason"), t(`downReason.${device.reason}`)],
      ]}
    />
  );
}

function Actions({ device }: { device: Device }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<"change" | "logout" | "remove" | null>(null);
  const path = { params: { path: { id: device.id } } };
  const refresh = [["devices"]];
  const pause = useAct(() => answer(api.POST("/v1/devices/{id}/pause", path)), { done: t("devices.paused"), refresh });
  const resume = useAct(() => answer(api.POST("/v1/devices/{id}/resume", path)), {
    done: t("devices.resumed"),
    refresh,
  });
  const restart = useAct(() => answer(api.POST("/v1/devices/{id}/restart", path)), {
    done: t("devices.restarted"),
    refresh,
  });
  const logout = useAct(() => answer(api.POST("/v1/devices/{id}/logout", path)), {
    done: t("devices.loggedOut"),
    refresh,
  });
  const remove = useAct(() => answer(api.DELETE("/v1/devices/{id}", path)), {
    done: t("devices.removed"),
    refresh: [["devices"], ["keys"], ["webhooks"]],
    after: () => void navigate({ to: "/devices" }),
  });
  const canLogOut = !device.sandbox && device.channel === "whatsapp" && !LINKABLE.includes(device.state);
  return (
    <>
      {device.paused ? (
        <Button variant="default" leftSection={<Play size={15} />} onClick={() => resume.mutate(undefined)}>
          {t("devices.resume")}
        </Button>
      ) : (
        <Button variant="default" leftSection={<Pause size={15} />} onClick={() => pause.mutate(undefined)}>
          {t("devices.pause")}
        </Button>
      )}
      <Button variant="default" leftSection={<RotateCw size={15} />} onClick={() => restart.mutate(undefined)}>
        {t("devices.restart")}
      </Button>
      <Button
        variant={device.next_action === "renew_credentials" ? "filled" : "default"}
        leftSection={<Pencil size={15} />}
        onClick={() => setAsked("change")}
      >
        {device.next_action === "renew_credentials" ? t("devices.renew") : t("common.change")}
      </Button>
      {canLogOut && (
        <Button variant="default" leftSection={<LogOut size={15} />} onClick={() => setAsked("logout")}>
          {t("devices.logout")}
        </Button>
      )}
      <Button variant="light" color="red" leftSection={<Trash2 size={15} />} onClick={() => setAsked("remove")}>
        {t("devices.remove")}
      </Button>
      {asked === "change" && <ChangeDevice device={device} onClose={() => setAsked(null)} />}
      <Confirm
        opened={asked === "logout"}
        onClose={() => setAsked(null)}
        title={t("devices.logoutTitle", { name: device.name })}
        action={t("devices.logout")}
        onConfirm={() => logout.mutate(undefined)}
      >
        {t("devices.logoutAbout")}
      </Confirm>
      <Confirm
        opened={asked === "remove"}
        onClose={() => setAsked(null)}
        title={t("devices.removeTitle", { name: device.name })}
        action={t("devices.remove")}
        typed={device.name}
        onConfirm={() => remove.mutate(undefined)}
      >
        {t("devices.removeAbout")}
      </Confirm>
    </>
  );
}
