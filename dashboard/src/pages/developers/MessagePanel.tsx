import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { messageQuery } from "~/api/queries";
import type { MessageDetail } from "~/api/types";
import { Body } from "~/chat/Body";
import { grouped } from "~/domain/address";
import { CHANNEL } from "~/domain/channels";
import { MESSAGE_TONE } from "~/domain/message";
import { useI18n } from "~/i18n";
import { Copy } from "~/ui/Copy";
import { Facts } from "~/ui/Facts";
import { SidePanel } from "~/ui/SidePanel";
import { State } from "~/ui/State";
import { Loaded } from "~/ui/Status";
import { Ago } from "~/ui/Time";
import { Trail } from "./Trail";

/** A message that no job sent: one that came in, or that was written on the phone. */
export function MessagePanel({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const { t } = useI18n();
  return (
    <SidePanel title={t("log.one")} opened={id !== undefined} onClose={onClose}>
      {id && <One id={id} />}
    </SidePanel>
  );
}

function One({ id }: { id: string }) {
  const message = useQuery(messageQuery(id));
  return <Loaded query={message}>{(found) => <Shown message={found} />}</Loaded>;
}

function Shown({ message }: { message: MessageDetail }) {
  const { t } = useI18n();
  return (
    <>
      <State tone={MESSAGE_TONE[message.state]} label={t(`messageState.${message.state}`)} />
      <div className="card">
        <Body channel={message.channel} type={message.type} content={message.content} media={message.media_url} />
      </div>
      <Facts
        facts={[
          [t("log.message"), <Copy key="message" text={message.id} />],
          [t("log.direction"), t(message.direction === "in" ? "log.in" : "log.out")],
          [
            t("log.address"),
            <Copy key="address" text={message.address} shown={grouped(message.address, message.channel)} />,
          ],
          message.sender !== null &&
            message.sender !== message.address && [
              t("log.sender"),
              <Copy key="sender" text={message.sender} shown={grouped(message.sender, message.channel)} />,
            ],
          [t("log.channel"), CHANNEL[message.channel].name],
          [t("log.type"), t(`type.${message.type}`)],
          message.network_id !== null && [t("log.networkId"), <Copy key="network" text={message.network_id} />],
          [t("common.time"), <Ago key="at" at={message.at} />],
        ]}
      />
      {message.conversation_id && (
        <Link to="/inbox/$id" params={{ id: message.conversation_id }}>
          {t("log.conversation")}
        </Link>
      )}
      <Trail request={message.request} deliveries={message.deliveries} />
    </>
  );
}
