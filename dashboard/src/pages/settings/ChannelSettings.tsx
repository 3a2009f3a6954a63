import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { callbackQuery, devicesQuery } from "~/api/queries";
import { CHANNELS, type Channel, type Device } from "~/api/types";
import { CHANNEL } from "~/domain/channels";
import { useI18n } from "~/i18n";
import { Copy } from "~/ui/Copy";
import { Facts } from "~/ui/Facts";
import { Gate } from "~/ui/Gate";
import { Notice } from "~/ui/Notice";
import { Page } from "~/ui/Page";
import { Loaded, Status } from "~/ui/Status";
import { Table } from "~/ui/Table";
import { DeviceStateView } from "../devices/DeviceStateView";
import { OfficialTemplates } from "./OfficialTemplates";

const route = getRouteApi("/app/settings/channels/$channel");

/** The accounts of a channel, and what to enter at the network. */
export default function ChannelSettings() {
  const { t } = useI18n();
  const { channel: named } = route.useParams();
  const channel = CHANNELS.find((each) => each === named) ?? "whatsapp-official";
  const devices = useQuery(devicesQuery);
  const add = (
    <Button
      leftSection={<Plus size={16} />}
      renderRoot={(props) => <Link to="/devices/new" search={{ channel }} {...props} />}
    >
      {t("devices.addThis")}
    </Button>
  );
  return (
    <Gate part="devices">
      <Page title={CHANNEL[channel].name} about={t(CHANNEL[channel].about)} actions={add}>
        <Loaded query={devices}>
          {(all) => {
            const mine = all.filter((device) => device.channel === channel);
            return (
              <>
                {channel !== "telegram" && <Callback devices={mine.filter((device) => !device.sandbox)} />}
                <Accounts devices={mine} channel={channel} />
                {channel === "whatsapp-official" && (
                  <OfficialTemplates devices={mine.filter((device) => !device.sandbox)} />
                )}
              </>
            );
          }}
        </Loaded>
      </Page>
    </Gate>
  );
}

/** What Meta wants to know in its app's settings: the address, and the word of each account. */
function Callback({ devices }: { devices: Device[] }) {
  const { t } = useI18n();
  return (
    <section className="card stack">
      <h2>{t("settings.callback")}</h2>
      <p className="dim">{t("settings.callbackAbout")}</p>
      {devices.map((device) => (
        <CallbackOf key={device.id} device={device} />
      ))}
      {devices.length === 0 && (
        <Facts
          facts={[
            [t("settings.callbackUrl"), <Copy key="url" text={`${location.origin}/callbacks/meta`} />],
            [t("channel.verifyToken"), t("settings.verifyAbout")],
          ]}
        />
      )}
      {location.protocol !== "https:" && <Notice tone="warn">{t("settings.needsHttps")}</Notice>}
    </section>
  );
}

function CallbackOf({ device }: { device: Device }) {
  const { t } = useI18n();
  const callback = useQuery(callbackQuery(device.id));
  return (
    <div className="stack tight">
      <h3>{device.name}</h3>
      <Loaded query={callback}>
        {({ url, verify_token }) => (
          <Facts
            facts={[
              [t("settings.callbackUrl"), <Copy key="url" text={url} />],
              verify_token !== null && [t("channel.verifyToken"), <Copy key="token" text={verify_token} />],
            ]}
          />
        )}
      </Loaded>
    </div>
  );
}

function Accounts({ devices, channel }: { devices: Device[]; channel: Channel }) {
  const { t } = useI18n();
  const look = CHANNEL[channel];
  if (devices.length === 0)
    return (
      <Status icon={look.icon} title={t("settings.noAccounts", { channel: look.name })}>
        {t("settings.noAccountsAbout")}
      </Status>
    );
  return (
    <Table label={t("settings.accounts")} head={[t("common.name"), t("devices.address"), t("devices.state")]}>
      {devices.map((device) => (
        <tr key={device.id}>
          <td>
            <Link to="/devices/$id" params={{ id: device.id }}>
              {device.name}
            </Link>
            {device.sandbox && <span className="small dim"> {t("devices.sandbox")}</span>}
          </td>
          <td>{device.address ?? "—"}</td>
          <td>
            <DeviceStateView device={device} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
