/** The one product of the shop. */
export function Product() {
  return (
    <section className="product">
      <div className="stage">
        <svg viewBox="0 0 200 220" role="img" aria-label="A table lamp">
          <defs>
            <radialGradient id="glow">
              <stop offset="0" stopColor="#ffe2a0" stopOpacity="0.95" />
              <stop offset="1" stopColor="#ffe2a0" stopOpacity="0" />
            </radialGradient>
            <linearGradient id="shade" x1="0" y1="0" x2="0" y2="1">
              <stop offset="0" stopColor="#f8cf7a" />
              <stop offset="1" stopColor="#eda93b" />
            </linearGradient>
          </defs>
          <circle cx="100" cy="108" r="98" fill="url(#glow)" />
          <path d="M70 34h60l34 78H36z" fill="url(#shade)" />
          <path d="M96 112h8v72h-8z" fill="#6b5a4a" />
          <ellipse cx="100" cy="188" rx="40" ry="9" fill="#57493c" />
          <circle cx="126" cy="136" r="4" fill="#6b5a4a" />
          <path d="M126 112v22" stroke="#6b5a4a" strokeWidth="1.5" />
        </svg>
      </div>
      <div>
        <p className="kicker">Table lamp</p>
        <h1>Abend</h1>
        <p className="lead">Warm light for long evenings. Linen shade, oak foot, a cord that switches with a click.</p>
        <p className="price">€ 89</p>
      </div>
    </section>
  );
}
