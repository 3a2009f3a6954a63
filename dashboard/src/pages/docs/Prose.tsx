import css from "./docs.module.css";

/** Text with `code` and **weight**, the little Markdown that the OpenAPI document uses. Built as elements, never as HTML. */
export function Prose({ text }: { text: string }) {
  const parts = text.split(/(`[^`]+`|\*\*[^*]+\*\*)/g);
  return (
    <p className={css.prose}>
      {parts.map((part, index) => {
        const key = `${index}-${part}`;
        if (part.startsWith("`")) return <code key={key}>{part.slice(1, -1)}</code>;
        if (part.startsWith("**")) return <strong key={key}>{part.slice(2, -2)}</strong>;
        return part;
      })}
    </p>
  );
}
