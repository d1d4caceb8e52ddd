FROM base
COPY service mode /etc/light/
COPY srv /srv
