import { useMemo } from "react";
import { encode } from "uqr";

/** A QR of `text`, black on white in either theme, so that every camera reads it. */
export function Qr({ text, label, size = 264 }: { text: string; label: string; size?: number }) {
  const { path, width } = useMemo(() => {
    const { data } = encode(text, { border: 2 });
    const dots = data.flatMap((line, y) => line.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")));
    return { path: dots.join(""), width: data.length };
  }, [text]);
  return (
    <svg viewBox={`0 0 ${width} ${width}`} width={size} height={size} role="img" aria-label={label} data-qr={text}>
      <rect width={width} height={width} fill="#fff" />
      <path d={path} fill="#000" shapeRendering="crispEdges" />
    </svg>
  );
}
