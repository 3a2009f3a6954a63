import css from "./chat.module.css";

const MARKS = /(\*[^*\n]+\*|_[^_\n]+_|~[^~\n]+~|`[^`\n]+`)/g;

/** Text as WhatsApp shows it: *bold*, _italic_, ~struck~, `fixed`. Built as elements, so what people write never runs. */
export function Formatted({ text }: { text: string }) {
  const parts = text.split(MARKS);
  return (
    <div className={css.text}>
      {parts.map((part, index) => {
        const key = `${index}-${part}`;
        const inner = part.slice(1, -1);
        if (part.length < 3) return part;
        if (part.startsWith("*") && part.endsWith("*")) return <strong key={key}>{inner}</strong>;
        if (part.startsWith("_") && part.endsWith("_")) return <em key={key}>{inner}</em>;
        if (part.startsWith("~") && part.endsWith("~")) return <s key={key}>{inner}</s>;
        if (part.startsWith("`") && part.endsWith("`")) return <code key={key}>{inner}</code>;
        return part;
      })}
    </div>
  );
}
