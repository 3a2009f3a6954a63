import { Button } from "@mantine/core";
import type { Channel, ChatMessage } from "~/api/types";
import { Bubble } from "~/chat/Bubble";
import { useI18n } from "~/i18n";
import { Copy } from "~/ui/Copy";
import { refused } from "~/ui/said";
import { takeBack } from "./drafts";
import type { Failure, Letter } from "./outbox";
import { useOutbox } from "./outboxes";

/** What was sent and is not in the server's list: on its way, or failed, with what can be done then. */
export function LetterBubble({ letter, channel }: { letter: Letter; channel: Channel }) {
  const { stands } = letter;
  const failed = stands.state === "failed" ? stands.why : null;
  return (
    <Bubble
      channel={channel}
      message={{ ...standing(letter), state: failed ? "failed" : "queued", reactions: [], edited: false }}
      trouble={failed && <Trouble letter={letter} why={failed} />}
    />
  );
}

/** As the server's list would have it. */
function standing({ key, shown, written_at }: Letter): Omit<ChatMessage, "state"> {
  return {
    ...shown,
    id: key,
    direction: "out",
    at: written_at,
    echo: false,
    error: null,
    job_id: null,
    network_id: null,
    reply_to: null,
    sender: null,
  };
}

function Trouble({ letter, why }: { letter: Letter; why: Failure }) {
  const { t } = useI18n();
  const outbox = useOutbox();
  const { key, chat, request, shown } = letter;
  const repeatable = outbox.repeatable(letter);
  const unsure = t(repeatable ? "inbox.mayBeSent" : "inbox.maybeSentLongAgo");
  // What may have been taken must not go out a second time in other words by mistake; a template is chosen anew.
  const editable = (why.sure || !repeatable) && request.path !== "/v1/send-template" && shown.type !== "template";
  const { text, caption } = shown.content;
  return (
    <div className="stack tight" role="alert">
      <span>
        {t("inbox.notSent")}: {why.sure && why.said ? refused(why.said, t) : unsure}
      </span>
      {why.said?.requestId && <Copy text={why.said.requestId} />}
      <div className="row">
        {repeatable && (
          <Button size="compact-xs" onClick={() => outbox.again(key)}>
            {t("inbox.sendAgain")}
          </Button>
        )}
        {editable && (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => {
              const media = shown.media_url ? { url: shown.media_url, type: null } : null;
              takeBack(chat, { text: text ?? caption ?? "", media });
              outbox.discard(key);
            }}
          >
            {t("inbox.takeBack")}
          </Button>
        )}
        <Button size="compact-xs" variant="subtle" color="gray" onClick={() => outbox.discard(key)}>
          {t("inbox.discard")}
        </Button>
      </div>
    </div>
  );
}
